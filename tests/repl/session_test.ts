import { assert, assertEquals, assertThrows } from "@std/assert";
import { allFigures } from "../../lib/machine/figures.ts";
import { newProgram, newStep } from "../../lib/machine/program.ts";
import { operation } from "../../lib/machine/ops/mod.ts";
import { runProgram } from "../../lib/machine/run.ts";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { cpuOwner, deviceOwner } from "../../lib/repl/journal.ts";
import { stateAt } from "../../lib/machine/page_changes.ts";
import { Session } from "../../lib/repl/session.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";
import { libraryPrograms } from "./prompt.ts";
import { sessionText } from "../../lib/repl/commands/save.ts";

const ROOT = new URL("../../scenarios/", import.meta.url);

function program(text: string) {
  return parseScenario(text);
}

Deno.test("going back and forth comes to what going straight does", async (t) => {
  for (const [file, original] of libraryPrograms()) {
    await t.step(file, () => {
      const straight = runProgram(original);
      const session = new Session(original);
      const end = session.steps.length;
      for (const tick of [end, 0, Math.ceil(end / 2), end - 1, end]) session.goto(tick);
      assertEquals(allFigures(session.machine), straight.figures);
      assertEquals(session.machine.host.trace.length, straight.machine.host.trace.length);
      assertEquals(session.machine.violations.length, straight.violations.length);
    });
  }
});

Deno.test("the journal adds up to the tables", async (t) => {
  for (const [file, original] of libraryPrograms()) {
    await t.step(file, () => {
      const session = new Session(original, { check: false });
      while (!session.isAtEnd) {
        session.step();
        compareTables(session);
      }
      session.goto(Math.floor(session.tick / 2));
      while (!session.isAtEnd) session.step();
      compareTables(session);
    });
  }
});

Deno.test("the journal notices what the steps of interludes do to listeners", () => {
  const session = new Session(parseScenario(`
name: A region goes meanwhile
processes: { p: {} }
listeners: { nic: { kind: odp, process: p } }
steps:
  - mmap: { process: p, name: a, size: 4 pages }
  - mmap: { process: p, name: b, size: 4 pages }
  - reg_mr: { listener: nic, range: a }
  - rdma_write: { listener: nic, range: a }
  - fill: { range: b }
  - munmap: { range: b }
    during: { at: window_closed, do: [{ dereg_mr: { listener: nic, range: a } }] }
`));
  session.goto(session.steps.length);
  compareTables(session);
});

/** Holds what the journal says of every page that ever changed to what the tables have. */
function compareTables({ journal, machine }: Session): void {
  const known = new Map<string, Map<number, string>>();
  for (const { changes } of journal.ticks) {
    for (const [owner, runs] of changes) {
      const pages = known.get(owner) ?? new Map<number, string>();
      known.set(owner, pages);
      for (const run of runs) {
        for (let at = 0; at < run.pages; at++) {
          const { flags, pfn } = stateAt(run.after, at);
          const address = run.start + at * PAGE_SIZE;
          if (flags === 0) pages.delete(address);
          else pages.set(address, `${pfn} ${flags}`);
        }
      }
    }
  }
  for (const [name, { listener }] of machine.listeners) {
    const actual = new Map<number, string>();
    listener.forEachEntry((address, pfn, writable) =>
      actual.set(address, `${pfn} ${writable ? 3 : 1}`)
    );
    assertEquals(sorted(known.get(deviceOwner(name))), sorted(actual), name);
  }
  for (const [name, mm] of machine.processes) {
    for (const [address, state] of known.get(cpuOwner(name)) ?? []) {
      const { pageTable } = mm;
      assertEquals(`${pageTable.pfnAt(address)} ${pageTable.flagsAt(address)}`, state, name);
    }
  }
}

function sorted(pages: ReadonlyMap<number, string> = new Map()): [number, string][] {
  return [...pages].sort(([one], [other]) => one - other);
}

Deno.test("a written scenario does what the session did", async (t) => {
  for (const [file, original] of libraryPrograms()) {
    await t.step(file, () => {
      const session = new Session(original);
      session.goto(session.steps.length);
      const again = parseScenario(sessionText(session));
      assertEquals(
        again.steps.map(({ operation, args }) => [operation.name, args]),
        original.steps.map(({ operation, args }) => [operation.name, args]),
      );
      const result = runProgram(again);
      assertEquals(result.failures.map(({ message }) => message), []);
      assertEquals(result.figures, runProgram(original).figures);
    });
  }
});

Deno.test("an operation that cannot be carried out leaves the session as it was", () => {
  const session = new Session(program(Deno.readTextFileSync(new URL("ksm-merge-kvm.yaml", ROOT))));
  session.goto(3);
  const before = allFigures(session.machine);
  const records = session.machine.host.trace.length;
  const wrong = newStep(operation("munmap"), {
    range: { mapping: "nothing", firstPage: 0, pages: null },
  });
  const right = newStep(operation("wait"), { time: 5 });
  assertThrows(() => session.perform([right, wrong]), RangeError);
  assertEquals([session.tick, session.steps.length], [3, 8]);
  assertEquals(allFigures(session.machine), before);
  assertEquals(session.machine.host.trace.length, records);
});

Deno.test("settings that do not fit leave the session as it was", () => {
  const session = new Session(program(Deno.readTextFileSync(new URL("ksm-merge-kvm.yaml", ROOT))));
  session.goto(6);
  const { machine } = session;
  assertThrows(() => session.reconfigure({ settings: { policy: "best" } }), RangeError);
  assertThrows(() => session.load(newProgram({ name: "x", kernel: "v9" })), RangeError);
  assert(session.machine === machine);
  assertEquals([session.tick, session.settings.policy], [6, "legacy"]);
  session.back();
  assertEquals(session.tick, 5);
});

Deno.test("an operation goes where the session stands, and what lay ahead stays", () => {
  const session = new Session(program(Deno.readTextFileSync(new URL("ksm-merge-kvm.yaml", ROOT))));
  session.goto(3);
  session.perform([newStep(operation("wait"), { time: 5 })]);
  assertEquals([session.tick, session.steps.length], [4, 9]);
  session.goto(9);
  session.goto(3);
  session.forget();
  assert(session.isAtEnd);
});
