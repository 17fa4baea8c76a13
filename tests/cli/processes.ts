/** Runs the command line as a process of its own, on pipes or on a pseudo-terminal. */

const root = new URL("../..", import.meta.url);

/** Address of a fixture, from the root of the project. */
export function fixture(name: string): string {
  return `tests/cli/fixtures/${name}.yaml`;
}

/** What a process came to. */
export interface Outcome {
  /** Exit code. */
  code: number;
  /** Standard output. */
  stdout: string;
  /** Standard error. */
  stderr: string;
}

/** How to run the command line. */
export interface RunOptions {
  /** Environment variables beside none at all. */
  env?: Record<string, string>;
  /** Permissions of the program. */
  permissions?: string[];
  /** Folder to run in; the root of the project unless given. */
  cwd?: string;
}

/** The words that run the command line. */
export function words(args: string[], { permissions = ["-R"], cwd }: RunOptions = {}): string[] {
  const program = cwd === undefined ? "cli.ts" : new URL("cli.ts", root).pathname;
  return [Deno.execPath(), "run", ...permissions, program, ...args];
}

/** Runs the command line on pipes. */
export function onPipes(args: string[], options: RunOptions = {}): Promise<Outcome> {
  return start(words(args, options), options.env ?? {}, options.cwd);
}

/** Runs the command line on a pseudo-terminal, which both streams go to; lines end in `\n`. */
export async function onTerminal(args: string[], options: RunOptions = {}): Promise<Outcome> {
  const [command, ...rest] = await inTerminal(words(args, options));
  const env = { TERM: "xterm", NO_COLOR: "", ...options.env };
  const outcome = await start([command, ...rest], env);
  return { ...outcome, stdout: outcome.stdout.replaceAll("\r\n", "\n") };
}

/** Runs words of a shell. */
export function inShell(script: string): Promise<Outcome> {
  return start(["sh", "-c", script], {});
}

async function start(
  [command, ...args]: string[],
  env: Record<string, string>,
  cwd: string | URL = root,
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd,
    env,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Puts words into a pseudo-terminal, by util-linux or by Python, whichever is there. */
async function inTerminal(command: string[]): Promise<string[]> {
  const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  if (await works(["script", "-qec", "true", "/dev/null"])) {
    return ["script", "-qec", line, "/dev/null"];
  }
  const spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
  if (await works(["python3", "-c", spawn, "true"])) return ["python3", "-c", spawn, ...command];
  throw new Error("Cannot make a pseudo-terminal: expected script of util-linux, or python3");
}

async function works(command: string[]): Promise<boolean> {
  try {
    return (await start(command, {})).code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
