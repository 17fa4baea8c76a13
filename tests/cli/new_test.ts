import { assertEquals, assertStringIncludes } from "@std/assert";
import { canOpenTerminal, TestTerminal } from "../repl/terminal.ts";
import { run } from "./fake_streams.ts";
import { onPipes } from "./processes.ts";
import { withFolder } from "./temporary.ts";

const HAS_TMUX = await canOpenTerminal();

Deno.test("new writes a scenario that passes check and run", async () => {
  await withFolder({}, async (folder) => {
    const file = `${folder}/my-first_one.yaml`;
    const { code, stdout } = await run("new", file, "--kind", "odp", "--event", "UNMAP");
    assertEquals([code, stdout], [0, `Wrote ${file}. Try\n  mmulab run ${file}\n`]);
    const text = await Deno.readTextFile(file);
    assertStringIncludes(text, "name: my first one\n");
    const [, schema] = /\$schema=(.+)/.exec(text) ?? [];
    assertEquals((await Deno.stat(`${folder}/${schema}`)).isFile, true);
    for (const command of ["check", "run"]) assertEquals((await run(command, file)).code, 0);
  });
});

Deno.test("new gives a command for a name that needs quotes", async () => {
  await withFolder({}, async (folder) => {
    const { stdout } = await run("new", `${folder}/a b.yaml`);
    assertEquals(stdout, `Wrote ${folder}/a b.yaml. Try\n  mmulab run '${folder}/a b.yaml'\n`);
  });
});

Deno.test("new does not replace a file unless told to", async () => {
  await withFolder({ "a.yaml": "mine\n" }, async (folder) => {
    const file = `${folder}/a.yaml`;
    const { code, stdout, stderr } = await run("new", file);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr, `error: Cannot write "${file}": it exists; replace it with --force\n`);
    assertEquals(await Deno.readTextFile(file), "mine\n");
    assertEquals((await run("new", file, "--force", "--name", "Theirs")).code, 0);
    assertStringIncludes(await Deno.readTextFile(file), "name: Theirs\n");
  });
});

for (
  const [args, message] of [
    [[], "Missing argument(s): file"],
    [["tmp/a.txt"], 'Expected a file that ends in .yaml, got "tmp/a.txt"'],
    [["tmp/none/a.yaml"], 'Cannot write "tmp/none/a.yaml": no such folder'],
    [["tmp/a.yaml", "--kind", "kvn"], 'Unknown kind of listener "kvn". Did you mean "kvm"?'],
    [["tmp/a.yaml", "--event", "UNMAPS"], 'Unknown event "UNMAPS". Did you mean "UNMAP"?'],
    [["tmp/a.yaml", "--pages", "0"], "Expected a number of pages from 1 to 1024, got 0"],
    [["tmp/a.yaml", "--name", "a\nb"], "Expected a name of 1 to 200 characters on one line"],
  ] as const
) {
  Deno.test(`new ${args.join(" ").replace("\n", "\\n")} is refused`, async () => {
    const { code, stdout, stderr } = await run("new", ...args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, `error: ${message}`);
  });
}

Deno.test("new needs permission to write, and asks for none", async () => {
  const { code, stderr } = await onPipes(["new", "tmp/a.yaml"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "Deno was not allowed to. Give it --allow-write");
});

Deno.test({
  name: `new asks on a terminal for what is missing${HAS_TMUX ? "" : " (needs tmux)"}`,
  ignore: !HAS_TMUX,
  fn: () =>
    withFolder({ "old.yaml": "mine\n" }, async (folder) => {
      const setup = { command: "new", flags: ["-R", "-W=tmp"], ready: "File" };
      await using terminal = await TestTerminal.open({ ...setup, args: ["--pages", "8"] });
      await terminal.type(`${folder}/a.txt`);
      await terminal.waitFor("Expected a file that ends in .yaml");
      await terminal.type(`${folder}/asked.yaml`);
      await terminal.waitFor("Name of the scenario");
      await terminal.type("Asked for");
      await terminal.waitFor("Which kind of listener?");
      await terminal.type("hmm");
      await terminal.waitFor("What happens?");
      await terminal.type("4");
      await terminal.waitFor("exit code 0");
      const text = await Deno.readTextFile(`${folder}/asked.yaml`);
      for (const part of ["name: Asked for\n", "kind: hmm", "advice: DONTNEED", "pages: 8 }"]) {
        assertStringIncludes(text, part);
      }
      await using given = await TestTerminal.open({
        ...setup,
        args: [`${folder}/b.yaml`],
        ready: "Name",
      });
      await given.press("C-c");
      await given.waitFor("exit code 130");
      const ready = "Replace it?";
      const again = { ...setup, args: [`${folder}/old.yaml`], ready };
      await using second = await TestTerminal.open(again);
      await second.press("Enter");
      await second.waitFor("exit code 2");
      assertEquals(await Deno.readTextFile(`${folder}/old.yaml`), "mine\n");
    }),
});
