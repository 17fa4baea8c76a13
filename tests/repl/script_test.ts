import { assertEquals, assertStringIncludes } from "@std/assert";
import { Interpreter } from "../../lib/repl/interpreter.ts";
import { runScript } from "../../lib/repl/script.ts";

const ROOT = new URL("../../", import.meta.url);
const KSM = "scenarios/ksm-merge-kvm.yaml";

/** Calls the program with standard input from a pipe. */
async function repl(args: readonly string[], input = "") {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-R", "--no-prompt", "cli.ts", "repl", ...args],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  await using child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

Deno.test("a pipe is a script", async () => {
  const { code, out, err } = await repl([KSM], "step 3\nprint guest.faults # not a remark");
  assertEquals({ code, err }, {
    code: 1,
    err: 'error: line 2: Cannot compute "guest.faults # not a remark": Unexpected "#"\n',
  });
  assertEquals(out.split("\n").length, 4);
});

Deno.test("a script without a failing command comes to exit code 0", async () => {
  const script = "# a remark\nprocess qemu\n\nmmap qemu ram 4p\n{ fill: {\n  range: ram } }\r\n" +
    "print qemu.rss\nvm -p | grep -c anonymous\nquit\nnonsense\n";
  const { code, out, err } = await repl([], script);
  assertEquals({ code, err }, { code: 0, err: "" });
  assertEquals(out.split("\n").slice(-3), ["4", "4", ""]);
});

Deno.test("the first command that fails ends a script, with its line", async () => {
  const { code, out, err } = await repl([], "process qemu\n\nlistener\nps\n");
  assertEquals(code, 1);
  assertEquals(out, "");
  assertEquals(err, "error: line 3: Missing argument NAME: expected listener [-n COUNT] NAME\n");
});

Deno.test("-e carries commands out", async () => {
  const { code, out, err } = await repl([KSM, "-e", "continue; print ksm.full_scans"]);
  assertEquals({ code, err }, { code: 0, err: "" });
  assertStringIncludes(out, "\n2\n");
  assertEquals((await repl(["-e", "print 1; nonsense; print 2"])).out, "1\n");
});

Deno.test("files cannot be written without permission, and a bad file is refused", async () => {
  const refused = await repl(["-e", "ps > tmp/never.txt"]);
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.err, "Deno was not allowed to. Give it --allow-write");
  const bad = await repl(["deno.json"]);
  assertEquals(bad.code, 1);
  assertStringIncludes(bad.err, "Cannot load deno.json");
});

Deno.test("runScript() tells the line on which a command begins", async () => {
  const interpreter = new Interpreter();
  const failure = await runScript(interpreter, ["process p", "{ mmap: {", "} }"], () => {});
  assertEquals(failure?.line, 2);
});

const EXPECTING = `name: t
kernel: v5.2
processes: { p: {} }
steps:
  - mmap: { process: p, name: a, size: 2 pages }
    expect: { ret: STEP }
  - write: { range: a }
expect: { p.rss: END }
`;

for (
  const [step, end, commands, code] of [
    ["'>= 0'", "2", "continue", 0],
    ["1", "2", "continue", 1],
    ["1", "2", "step; back; print 1", 1],
    ["1", "2", "print 1", 0],
    ["'>= 0'", "3", "continue", 1],
    ["'>= 0'", "3", "step", 0],
    ["'>= 0'", "2", "continue; munmap a; munmap a", 0],
    ["1", "2", "continue | grep nothing; print 1", 1],
  ] as const
) {
  Deno.test(`"${commands}" of a first step that returns ${step}, and ${end} pages at the end`, async () => {
    const text = EXPECTING.replace("STEP", step).replace("END", end);
    const prompt = new Interpreter({ readFile: () => text });
    const failure = await runScript(prompt, ["load t.yaml", commands], () => {});
    assertEquals(failure, undefined);
    assertEquals(prompt.session.hasFailed, code === 1);
  });
}

Deno.test("a script ends with 1 where something that its scenario expects does not hold", async () => {
  const { code, out, err } = await repl(["tests/cli/fixtures/failing.yaml", "-e", "continue"]);
  assertStringIncludes(out, "  failed: ret: expected 1, got 0\n");
  assertEquals({ code, err }, {
    code: 1,
    err: "error: Something that the scenario expects does not hold\n",
  });
});
