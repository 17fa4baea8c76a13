import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { canOpenTerminal, TestTerminal } from "../repl/terminal.ts";
import { words } from "./processes.ts";
import { scenario, withFolder } from "./temporary.ts";

const HAS_TMUX = await canOpenTerminal();

/** `run --watch` on pipes: what it has written so far can be asked for. */
class Watching {
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #text = "";

  constructor(args: string[]) {
    const [command, ...rest] = words(["run", "--watch", ...args]);
    this.#process = new Deno.Command(command, { args: rest, stdout: "piped", stderr: "piped" })
      .spawn();
    const read = async (stream: ReadableStream<Uint8Array>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#text += text;
    };
    const { stdout, stderr } = this.#process;
    this.#reading = Promise.all([read(stdout), read(stderr)]).then(() => {});
  }

  /** Waits until a text was written so many times. */
  async until(text: string, times: number): Promise<void> {
    const end = Date.now() + 60_000;
    while (this.#text.split(text).length <= times) {
      if (Date.now() > end) throw new Error(`No "${text}" ${times} times:\n${this.#text}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Presses Ctrl-C; gives the exit code and all that was written. */
  async interrupt(): Promise<{ code: number; text: string }> {
    this.#process.kill("SIGINT");
    const { code } = await this.#process.status;
    await this.#reading;
    return { code, text: this.#text };
  }
}

Deno.test("--watch runs again when a scenario changes, and ends with the last exit code", async () => {
  await withFolder({ "a.yaml": scenario("Alpha") }, async (folder) => {
    const watching = new Watching([folder]);
    await watching.until("watching 1 file; Ctrl-C ends", 1);
    await Deno.writeTextFile(`${folder}/a.yaml`, scenario("Alpha", "", 7));
    await watching.until("watching", 2);
    const { code, text } = await watching.interrupt();
    assertEquals(code, 1);
    assertStringIncludes(text, "1 passed, 0 failed");
    assertStringIncludes(text, "0 passed, 1 failed");
    assert(!text.includes("\x1b"), "a pipe is not cleared");
  });
});

Deno.test("--watch notices files that appear, break and are mended", async () => {
  await withFolder({ "a.yaml": scenario("Alpha") }, async (folder) => {
    const watching = new Watching([`${folder}/*.yaml`]);
    await watching.until("watching 1 file", 1);
    await Deno.writeTextFile(`${folder}/b.yaml`, "name: [\n");
    await watching.until("Invalid YAML", 1);
    await watching.until("watching 2 files", 1);
    await Deno.writeTextFile(`${folder}/new`, scenario("Beta"));
    await Deno.rename(`${folder}/new`, `${folder}/b.yaml`);
    await watching.until("2 passed, 0 failed", 1);
    await watching.until("watching 2 files", 2);
    assertEquals((await watching.interrupt()).code, 0);
  });
});

Deno.test("--watch runs again when the module of a listener changes, wrong or right", async () => {
  const files = { "a.yaml": scenario("Alpha"), "own.ts": listenerModule("one") };
  await withFolder(files, async (folder) => {
    const own = `${folder}/own.ts`;
    const watching = new Watching([`${folder}/a.yaml`, "--listener", own]);
    await watching.until("name: one", 1);
    await watching.until("watching 2 files", 1);
    await Deno.writeTextFile(own, "export default 1;");
    await watching.until("expected a function as default export, got number", 1);
    await watching.until("watching 2 files", 2);
    await Deno.writeTextFile(own, listenerModule("two"));
    await watching.until("name: two", 1);
    await watching.until("watching 2 files", 3);
    assertEquals((await watching.interrupt()).code, 0);
  });
});

/** A listener that does nothing but say its name when it is made. */
function listenerModule(name: string): string {
  return `export default () => {\n  console.log("name: ${name}");\n  return {};\n};\n`;
}

Deno.test("--watch refuses a wrong command line at once", async () => {
  const [command, ...args] = words(["run", "--watch", "--tags", "a and", "scenarios"]);
  const { code, stderr } = await new Deno.Command(command, { args }).output();
  assertEquals(code, 2);
  assertStringIncludes(new TextDecoder().decode(stderr), 'Cannot read tags "a and"');
});

Deno.test({
  name: `--watch clears a terminal between runs${HAS_TMUX ? "" : " (needs tmux)"}`,
  ignore: !HAS_TMUX,
  fn: () =>
    withFolder({ "a.yaml": scenario("Alpha") }, async (folder) => {
      const args = [folder, "--watch"];
      await using terminal = await TestTerminal.open({ command: "run", args, ready: "watching" });
      assertStringIncludes(await terminal.screen(), "1 passed");
      await Deno.writeTextFile(`${folder}/a.yaml`, scenario("Beta", "", 7));
      const screen = await terminal.waitFor("0 passed, 1 failed");
      assert(!screen.includes("Alpha"), screen);
      await terminal.waitFor("watching");
      await terminal.press("C-c");
      await terminal.waitFor("exit code 1");
    }),
});
