import { assert, assertEquals, assertRejects } from "@std/assert";
import { allFigures } from "../../lib/machine/figures.ts";
import type { Machine } from "../../lib/machine/machine.ts";
import { runProgram } from "../../lib/machine/run.ts";
import { Interpreter } from "../../lib/repl/interpreter.ts";
import { runOn } from "../../lib/repl/running.ts";
import { Session } from "../../lib/repl/session.ts";
import { CommandError } from "../../lib/repl/words.ts";
import { libraryPrograms } from "./prompt.ts";

/** What there is before the interrupted command. */
const BEFORE: readonly string[] = [
  "process p; listen guest kvm p; mmap p ram 8p; memslot guest ram; guest_write guest ram same",
  "madvise ram MERGEABLE; ksmd 2; guest_read guest ram; mprotect ram[0..4] r; back 3",
];

/** Commands that do all of their work or nothing. */
const WHOLE: readonly string[] = [
  "guest_write guest ram unique",
  "ksmd 2",
  "munmap ram[2..6]",
  "{ munmap: { range: ram }, during: { at: window_open, do: " +
  "[{ guest_read: { listener: guest, range: ram } }, { ksmd: { full_scans: 2 } }] } }",
  "{ guest_write: { listener: guest, range: ram, fill: random }, repeat: 3 }",
  "step",
  "goto 7",
  "goto 2",
  "set policy ideal",
  "set kernel v6.1",
  "set memory 128 MiB",
  "listen nic odp p",
  "process other",
  "compare",
];

/** A prompt that is interrupted at the breath of a number, as soon as it is told. */
async function newPrompt() {
  const patience = { left: Infinity };
  const prompt = new Interpreter({
    breathe() {
      if (--patience.left <= 0) throw new CommandError("Interrupted");
      return undefined;
    },
  });
  for (const line of BEFORE) await prompt.execute(line);
  return { prompt, patience };
}

/** All that one can see of a session. */
function stateOf(prompt: Interpreter): Promise<string> {
  return prompt.execute(
    "info; set; list 1 20; chain; listener guest; counters; vmstat; trace -n 999",
  );
}

for (const line of WHOLE) {
  Deno.test(`${line}, interrupted anywhere, leaves the session as it was`, async () => {
    const straight = (await newPrompt()).prompt;
    const output = await straight.execute(line);
    const after = await stateOf(straight);
    const { prompt, patience } = await newPrompt();
    const before = await stateOf(prompt);
    let breaths = 0;
    for (let ended = false; !ended;) {
      patience.left = ++breaths;
      ended = await prompt.execute(line).then(() => true, () => false);
      patience.left = Infinity;
      if (!ended) assertEquals(await stateOf(prompt), before, `interrupted at breath ${breaths}`);
      else assertEquals(await stateOf(prompt), after);
    }
    assert(breaths > 1 || line === "goto 2", "it was never interrupted");
    assert(output.length > 0 || /^(set|listen|process)/.test(line));
  });
}

Deno.test("a run that is interrupted stands between two ticks and can go on", async () => {
  const straight = (await newPrompt()).prompt;
  await straight.execute("continue");
  const end = await stateOf(straight);
  for (const breath of [1, 2, 3, 5, 8, 13, 21]) {
    const { prompt, patience } = await newPrompt();
    patience.left = breath;
    await assertRejects(() => prompt.execute("continue"), CommandError, "Interrupted");
    patience.left = Infinity;
    assert(!prompt.session.isAtEnd);
    await prompt.execute("continue");
    assertEquals(await stateOf(prompt), end);
  }
});

Deno.test("work that may be interrupted comes to what it does in one go", async (t) => {
  for (const [file, program] of libraryPrograms()) {
    await t.step(file, async () => {
      const session = new Session(program);
      await runOn(session, {});
      const { machine, figures } = runProgram(program);
      assertEquals(allFigures(session.machine), figures);
      const records = (one: Machine) => [...one.host.trace.records(0)];
      assertEquals(records(session.machine), records(machine));
    });
  }
});
