import { assertEquals } from "@std/assert";
import { Machine, PAGE_SIZE, perform } from "@mmulab/mmulab";
import { DRIVERS } from "@mmulab/mmulab/listeners";
import {
  MachineRecorder,
  recordComparison,
  renderTrace,
  type TraceFormat,
} from "@mmulab/mmulab/report";
import { newProgram, newStep, operation, parseScenario } from "@mmulab/mmulab/scenario";

const OPERATIONS = [
  ["mmap", { process: "app", name: "buf", size: 4 * PAGE_SIZE }],
  ["fill", { range: "buf" }],
  ["memslot", { listener: "guest", range: "buf" }],
  ["guest_read", { listener: "guest", range: "buf" }],
  ["fork", { process: "app", child: "child" }],
  ["guest_write", { listener: "guest", range: "buf[0..2]" }],
  ["munmap", { range: "buf" }],
] as const;

const GUEST = { name: "guest", kind: "kvm", process: "app", policy: "ideal" };

/** A machine with a guest, before its first operation. */
function newMachine(): Machine {
  const machine = new Machine({ drivers: DRIVERS });
  machine.addProcess("app");
  machine.addListener(GUEST);
  return machine;
}

for (const format of ["perfetto", "ftrace", "jsonl"] satisfies TraceFormat[]) {
  Deno.test(`the ${format} trace of a machine is that of a program which does the same`, () => {
    const { name, kind, process } = GUEST;
    const program = newProgram({
      name: "machine",
      processes: [{ name: "app" }],
      listeners: [{ name, kind, process, options: {} }],
      steps: OPERATIONS.map(([name, args]) => newStep(operation(name), args)),
    });
    const { traces } = recordComparison(program, { policies: ["ideal"] });
    const machine = newMachine();
    const recorder = new MachineRecorder(machine);
    for (const [name, args] of OPERATIONS) perform(machine, name, args);
    assertEquals(renderTrace(format, [recorder.finish()]), renderTrace(format, traces));
  });
}

Deno.test("a recording begins where the recorder is made and ends where it is finished", () => {
  const machine = newMachine();
  perform(machine, "wait", { time: 5 });
  const recorder = new MachineRecorder(machine);
  perform(machine, "wait", { time: 7 });
  const first = recorder.finish();
  perform(machine, "wait", { time: 9 });
  assertEquals(recorder.finish(), first);
  assertEquals(first.run.operations.map(({ label }) => label), ["wait time=7"]);
  assertEquals(first.run.records.length, 2);
});

Deno.test("a listener that comes later is recorded from then on", () => {
  const machine = new Machine({ drivers: DRIVERS });
  machine.addProcess("app");
  const recorder = new MachineRecorder(machine);
  for (const [name, args] of OPERATIONS.slice(0, 2)) perform(machine, name, args);
  machine.addListener(GUEST);
  for (const [name, args] of OPERATIONS.slice(2)) perform(machine, name, args);
  const { callbacks, listeners } = recorder.finish().run;
  assertEquals(listeners.map(({ name }) => name), ["guest"]);
  assertEquals(new Set(callbacks.map(({ step }) => step)), new Set([4, 5, 6]));
});

Deno.test("operations after a step that was left out keep their labels", () => {
  const program = parseScenario(
    "name: t\nprocesses: { p: {} }\nsteps:\n" +
      "  - wait: { time: 1 ns }\n    if: p.rss > 0\n  - wait: { time: 2 ns }\n",
  );
  const { traces: [{ run }] } = recordComparison(program, { policies: ["ideal"] });
  assertEquals(run.operations.map(({ step, label }) => [step, label]), [[1, "wait time=2 ns"]]);
});
