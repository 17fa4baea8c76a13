import { assert } from "@std/assert";
import { guestProgram, measure } from "../../bench/repl_bench.ts";
import { newStep } from "../../lib/machine/program.ts";
import { operation } from "../../lib/machine/ops/mod.ts";
import { whyText } from "../../lib/repl/history.ts";
import { Session } from "../../lib/repl/session.ts";
import { vtopText } from "../../lib/report/vtop_text.ts";

/** GiB and ticks that leave room for a machine with other things to do; bench/ has the whole. */
const FILLED = { cpu: [1, 1_000], guest: [0.25, 100] } as const;

for (const filler of ["cpu", "guest"] as const) {
  const [gib, ticks] = FILLED[filler];
  Deno.test(`going back over ${ticks} ticks of ${gib} GiB that the ${filler} filled is fast`, () => {
    const session = new Session(guestProgram(gib, ticks, filler), { check: false });
    session.goto(session.steps.length);
    const { ms } = measure("back", 5, () => session.back());
    assert(ms < 200, `${ms} ms`);
  });
}

Deno.test("why and vtop take less than 20 ms in a guest of 4 GiB", () => {
  const session = new Session(guestProgram(4, 20, "cpu"), { check: false });
  session.goto(session.steps.length);
  const address = session.machine.mappings.get("ram")!.start + 977 * 4096;
  const why = measure("why", 5, () => void whyText(session, "qemu", address));
  assert(why.ms < 20, `why: ${why.ms} ms`);
  const mm = session.machine.mm("qemu");
  const vtop = measure("vtop", 5, () => void vtopText(mm, address));
  assert(vtop.ms < 20, `vtop: ${vtop.ms} ms`);
});

Deno.test("a tick is remembered by what it changed, not by what there is", () => {
  const session = new Session(guestProgram(1, 20, "cpu"), { check: false });
  session.goto(session.steps.length);
  for (const [tick, { changes }] of session.journal.ticks.entries()) {
    const runs = [...changes.values()].reduce((sum, list) => sum + list.length, 0);
    assert(runs <= 8, `tick ${tick} has ${runs} records`);
  }
  session.perform([newStep(operation("wait"), { time: 1 })]);
  const { changes, figures } = session.journal.ticks.at(-1)!;
  assert(changes.size === 0 && figures.size === 0, "nothing changed");
});
