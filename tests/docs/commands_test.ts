import { assert, assertEquals } from "@std/assert";
import { commandsOf, examplesOf, namedExamplesOf, sessionsOf } from "./markdown_parts.ts";

const ROOT = new URL("../../", import.meta.url);
const PARTS = ["lib", "examples", "schema", "docs", "tools", "tests", "links"];

const PAGES = [
  "README.md",
  ...await namesIn("docs").then((names) => names.map((n) => `docs/${n}`)),
];
const TEXTS = await Promise.all(PAGES.map((page) => Deno.readTextFile(new URL(page, ROOT))));
const PRINTED = new Set(TEXTS.flatMap((text) => examplesOf(text, "sh").flatMap(commandsOf)));
const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));

async function namesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(folder, ROOT)));
  return entries.map(({ name }) => name).sort();
}

/**
 * Copies the project to a folder, so that commands may write there. Of the library of scenarios,
 * those folders are enough that a command names, and what lies in none.
 */
async function copyOfProject(): Promise<string> {
  await Deno.mkdir(new URL("tmp", ROOT), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "tmp", prefix: "docs_" });
  const files = (await Array.fromAsync(Deno.readDir(ROOT)))
    .filter(({ isFile }) => isFile).map(({ name }) => name);
  for (const name of [...files, ...PARTS]) await copy(name, folder);
  await Deno.mkdir(`${folder}/scenarios`);
  for (const name of await namesIn("scenarios")) {
    const isNamed = [...PRINTED].some((command) => command.includes(`scenarios/${name}`));
    if (isNamed || name.endsWith(".yaml")) await copy(`scenarios/${name}`, folder);
  }
  for (const [name, text] of TEXTS.flatMap(namedExamplesOf)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return folder;
}

async function copy(path: string, folder: string): Promise<void> {
  const from = new URL(path, ROOT);
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, `${folder}/${path}`);
  await Deno.mkdir(`${folder}/${path}`);
  for (const name of await namesIn(path)) await copy(`${path}/${name}`, folder);
}

/** Runs a line of a shell in the copy; `deno` is the one that runs this. */
async function run(line: string, cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `deno() { "${Deno.execPath()}" "$@"; }\n${line}`],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal: AbortSignal.timeout(180_000),
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("each command of the pages runs as printed", async (t) => {
  const folder = await copyOfProject();
  try {
    assert(PRINTED.size > 20);
    for (const command of PRINTED) {
      await t.step(command, async () => {
        const line = command.replace("npx -y deno@2.9.6", "deno")
          .replace("FOLDER", "tests/conformance/recordings");
        const { code, err } = await run(line, folder);
        assertEquals(code, 0, err);
      });
    }
    for (const { command, output } of TEXTS.flatMap(sessionsOf)) {
      await t.step(`${command} writes what is printed`, async () => {
        const { out } = await run(command.replace(/^mmulab/, "deno run -R cli.ts"), folder);
        assertEquals(out, output);
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("each task that the pages name exists", () => {
  for (const text of TEXTS) {
    for (const [, name] of text.matchAll(/\bdeno task ([a-z:]+)/g)) {
      assert(Object.hasOwn(tasks, name), `There is no task ${name}`);
    }
  }
});

Deno.test("commandsOf() leaves comments out", () => {
  assertEquals(commandsOf("# a\nb c  # d\n\ne '#f'\n"), ["b c", "e '#f'"]);
});

Deno.test("sessionsOf() finds a command and what it writes", () => {
  assertEquals(sessionsOf("```console\n$ a b\nc\n\nd\n```\n```console\ne> f\n```\n"), [
    { command: "a b", output: "c\n\nd\n" },
  ]);
});

Deno.test("namedExamplesOf() finds the files that a page tells to save", () => {
  const text = "Save this as `a.yaml`. It\nis short:\n\n```yaml\nname: a\n```\n";
  assertEquals(namedExamplesOf(text), [["a.yaml", "name: a\n"]]);
});
