/**
 * A real terminal for tests, by way of tmux.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url).pathname;
/** Longest time, in ms, that a text may take to appear: a busy machine needs long to start Deno. */
const PATIENCE = 60_000;

/**
 * Asks whether terminals can be opened.
 *
 * @returns True if tmux is there.
 */
export async function canOpenTerminal(): Promise<boolean> {
  try {
    return (await new Deno.Command("tmux", { args: ["-V"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** How to open a terminal. */
export interface TerminalSetup {
  /** The command; `repl` unless given. */
  readonly command?: string;
  /** Words after the command. */
  readonly args?: readonly string[];
  /** What is on the screen when it has started; the prompt unless given. */
  readonly ready?: string;
  /** Flags of Deno. */
  readonly flags?: readonly string[];
  /** Environment variables beside those of the test. */
  readonly env?: Readonly<Record<string, string>>;
  /** Columns. */
  readonly columns?: number;
  /** Rows. */
  readonly rows?: number;
}

/** A terminal on which a command runs. */
export class TestTerminal {
  static #count = 0;
  readonly #socket: string;

  /** Opens a terminal and starts the command on it; it has been closed when disposed. */
  static async open(setup: TerminalSetup = {}): Promise<TestTerminal> {
    const { command = "repl", args = [], ready = "mmulab>" } = setup;
    const { flags = ["-R"], env = {}, columns = 100, rows = 30 } = setup;
    const terminal = new TestTerminal(`mmulab-${Deno.pid}-${TestTerminal.#count++}`);
    const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const words = [
      "env",
      "--unset=NO_COLOR",
      ...assignments,
      Deno.execPath(),
      "run",
      ...flags,
      "cli.ts",
      command,
      ...args,
    ];
    const line = words.map((word) => `'${word}'`).join(" ");
    const size = ["-x", String(columns), "-y", String(rows)];
    const shell = `cd '${ROOT}' && ${line}; echo "exit code $?"; sleep 600`;
    await terminal.#tmux(["-f", "/dev/null", "new-session", "-d", ...size, shell]);
    await terminal.waitFor(ready);
    return terminal;
  }

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** Presses keys: names as tmux has them, such as `Tab`, or text. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tmux(["send-keys", ...keys]);
  }

  /** Types a line and its end. */
  async type(line: string): Promise<void> {
    await this.#tmux(["send-keys", "-l", line]);
    await this.press("Enter");
  }

  /** Pastes a text. */
  async paste(text: string): Promise<void> {
    await this.#tmux(["set-buffer", text]);
    await this.#tmux(["paste-buffer", "-r"]);
  }

  /** Changes the size of the terminal. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux(["resize-window", "-x", String(columns), "-y", String(rows)]);
  }

  /** What is and was on the screen, with colours if asked for. */
  screen(colours = false): Promise<string> {
    return this.#tmux(["capture-pane", "-p", "-J", "-S", "-300", ...(colours ? ["-e"] : [])]);
  }

  /** Waits until a text is on the screen, so many times. */
  async waitFor(text: string, times = 1): Promise<string> {
    const end = Date.now() + PATIENCE;
    while (true) {
      const screen = await this.screen();
      if (screen.split(text).length > times) return screen;
      if (Date.now() > end) throw new Error(`No "${text}" on the terminal:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Closes the terminal. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux(["kill-server"]);
  }

  async #tmux(args: readonly string[]): Promise<string> {
    const command = new Deno.Command("tmux", {
      args: ["-L", this.#socket, ...args],
      env: { TERM: "xterm-256color" },
    });
    const { success, stdout, stderr } = await command.output().catch((error) => {
      throw new Error("Cannot test the terminal: this test needs tmux", { cause: error });
    });
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }
}
