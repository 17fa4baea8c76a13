import { assert, assertEquals } from "@std/assert";
import { OPERATIONS } from "../../lib/machine/ops/mod.ts";
import { COMMANDS } from "../../lib/repl/commands/mod.ts";
import { MERGED, promptAfter } from "./prompt.ts";
import { runCode } from "./run_code.ts";

/** Calls of every command but the operations. */
const CALLS: readonly string[] = [
  "load scenarios/ksm-merge-kvm.yaml pages=2",
  "list",
  "list 2 3",
  "step",
  "step 2",
  "next",
  "until guest.read_faults > 0",
  "continue",
  "break 65",
  "break CLEAR",
  "break guest.retries > 0",
  "watch ram[3]",
  "watch later[0]",
  "delete",
  "print guest.faults",
  "print ksm.pages_sharing * 4096",
  "print ram[3]",
  "print tick == 6",
  "info",
  "back",
  "back 3",
  "goto 2",
  "goto 7",
  "forget",
  "diff 4",
  "diff 4 5",
  "why ram[1]",
  "compare",
  "compare v5.2",
  "chain",
  "chain qemu",
  "listener guest",
  "listener guest -n 2",
  "counters",
  "counters guest",
  "events",
  "events -n 3",
  "trace",
  "trace -n 4",
  "vtop ram[1]",
  "vtop 7f0000001008",
  "pte 8000000000002867",
  "vm",
  "vm -p",
  "vm -m qemu",
  "ps",
  "kmem",
  "kmem -i",
  "kmem 2",
  "rmap 2",
  "pagemap ram",
  "smaps",
  "page-types",
  "page-types qemu",
  "page-types -l",
  "page-types -l qemu",
  "ksm",
  "vmstat",
  "swap",
  "process other",
  "listen nic odp qemu policy=ideal",
  "set",
  "set qemu",
  "set policy ideal",
  "set kernel v5.2",
  "set check off",
  "set memory 128MiB",
  "help",
  "help vtop",
  "quit",
];

Deno.test("every command is called", () => {
  const called = CALLS.map((call) => call.split(" ")[0]);
  const names = COMMANDS.filter(({ group }) => group !== "Operations").map(({ name }) => name);
  assertEquals(names.filter((name) => !called.includes(name) && name !== "save"), []);
});

for (const call of CALLS) {
  Deno.test(`${call} --ts prints code that does the same`, async () => {
    const { prompt } = await promptAfter(MERGED);
    const code = await prompt.execute(`${call} --ts`);
    const before = prompt.session.tick;
    const { prompt: other } = await promptAfter(MERGED);
    const expected = await other.execute(call);
    assertEquals(prompt.session.tick, before, "--ts does nothing itself");
    const output = await runCode(code, call === "info" ? undefined : prompt.session);
    assertEquals(output.trimEnd(), expected.trimEnd());
    assertEquals(prompt.session.tick, call === "info" ? before : other.session.tick);
    assertEquals(
      prompt.session.machine.host.clock.now,
      call === "info"
        ? prompt.session.machine.host.clock.now
        : other.session.machine.host.clock.now,
    );
  });
}

Deno.test("save writes what its code prints", async () => {
  const { prompt, files } = await promptAfter(MERGED);
  await prompt.execute("save a.yaml");
  const code = await prompt.execute("save a.yaml --ts");
  assertEquals(await runCode(code, prompt.session), files.get("a.yaml"));
});

Deno.test("no operation has the name of a command, but exit", () => {
  const names = COMMANDS.filter(({ group }) => group !== "Operations")
    .flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  const operations = OPERATIONS.map(({ name }) => name);
  assertEquals(operations.filter((name) => names.includes(name)), []);
});

Deno.test("every command has examples that begin with its name, and help for them", async () => {
  const { prompt } = await promptAfter();
  for (const { name, examples } of COMMANDS) {
    assert(examples.length > 0, name);
    for (const [call] of examples) assert(call.startsWith(name), call);
    const help = await prompt.execute(`help ${name}`);
    assert(help.startsWith(name), name);
    assertEquals(await prompt.execute(`${name} --help`), help);
  }
});
