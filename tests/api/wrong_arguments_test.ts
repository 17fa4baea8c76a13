/** What a user of the library gets who gives something wrong: an error that says what was expected. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { allFigures, Machine, pageFacts, perform, readFigure, translate } from "@mmulab/mmulab";
import { DRIVERS } from "@mmulab/mmulab/listeners";
import { report, type ReportKind } from "@mmulab/mmulab/report";
import {
  attachListener,
  comparePolicies,
  compareScenario,
  mutate,
  newProgram,
  newStep,
  operation,
  parseScenario,
  parseSteps,
  runProgram,
  runScenario,
  tabulateEvents,
  testScenario,
} from "@mmulab/mmulab/scenario";

/** Gives something a type that it does not have, as code without types can. */
// deno-lint-ignore no-explicit-any
const untyped = (value: unknown): any => value;

const NAP = "name: A nap\nsteps: [{ wait: { time: 1 ms } }]";

/** A machine with a process, a listener and a mapping of four pages. */
function machine(): Machine {
  const made = new Machine({ drivers: DRIVERS });
  made.addProcess("app");
  made.addListener({ name: "nic", kind: "odp", process: "app", policy: "ideal" });
  perform(made, "mmap", { process: "app", name: "buf", size: 4 * 4096 });
  return made;
}

/** A machine whose process has exited. */
function exited(): Machine {
  const made = machine();
  perform(made, "exit", { process: "app" });
  return made;
}

const NIC = { name: "nic", kind: "odp", process: "app", policy: "ideal" };

const WRONG: Readonly<Record<string, readonly [() => unknown, string]>> = {
  "memory NaN": [() => new Machine({ memory: NaN }), "expected a whole number from 0 on"],
  "memory as text": [() => new Machine({ memory: untyped("64 MiB") }), "expected a number"],
  "memory not aligned": [() => new Machine({ memory: 1e6 + 1 }), "expected a multiple of 4096"],
  "no nodes": [() => new Machine({ nodes: 0 }), "expected a whole number from 1 on"],
  "a seed with a fraction": [() => new Machine({ seed: 1.5 }), "expected a whole number"],
  "a negative trace limit": [() => new Machine({ traceLimit: -1 }), "expected a whole number"],
  "an unknown profile": [() => new Machine({ profile: "v9" }), "expected one of v5.0"],
  "an unknown cost": [() => new Machine({ costs: { tea: 3 } }), "expected one of"],
  "a cost below 0": [() => new Machine({ costs: { notifier_call: -1 } }), "not negative"],
  "faults in a list": [() => new Machine({ faults: untyped(["skip_end"]) }), "expected a Set"],
  "drivers in a list": [() => new Machine({ drivers: untyped([]) }), "expected kinds and"],
  "a process without a name": [() => machine().addProcess(""), "expected a name"],
  "a process twice": [() => machine().addProcess("app"), "there is one of that name"],
  "a listener twice": [() => machine().addListener(NIC), "there is one of that name"],
  "a listener of an exited process": [
    () => exited().addListener({ ...NIC, name: "other" }),
    "it has exited",
  ],
  "a factory that is no function": [
    () => machine().addListener({ ...NIC, name: "own", kind: "custom", factory: untyped(3) }),
    "expected a function",
  ],
  "an unknown operation": [() => perform(machine(), "mmapp"), "expected one of mmap"],
  "an unknown argument": [
    () => perform(machine(), "munmap", { range: "buf", force: true }),
    "it has range, process",
  ],
  "a missing argument": [
    () => perform(machine(), "munmap"),
    'expected a range such as "ram" or "ram[0..8]"',
  ],
  "a size that is NaN": [
    () => perform(machine(), "mmap", { process: "app", name: "x", size: NaN }),
    "expected a number of bytes, page aligned",
  ],
  "a size that is not aligned": [
    () => perform(machine(), "mmap", { process: "app", name: "x", size: 100 }),
    'page aligned as "size", got 100',
  ],
  "a mapping in an exited process": [
    () => perform(exited(), "mmap", { process: "app", name: "x", size: 4096 }),
    "it has exited",
  ],
  "a child of an exited process": [
    () => perform(exited(), "fork", { process: "app", child: "x" }),
    "it has exited",
  ],
  "an exit after the exit": [() => perform(exited(), "exit", { process: "app" }), "it has exited"],
  "a range that cannot be read": [
    () => perform(machine(), "fill", { range: "buf[" }),
    'Expected a range such as "ram"',
  ],
  "an empty range": [() => perform(machine(), "fill", { range: "buf[2..2]" }), "Range is empty"],
  "pages past the end": [() => machine().pages("buf[2..9]"), "it has 4 pages"],
  "a first page that is NaN": [
    () => machine().pages({ mapping: "buf", firstPage: NaN, pages: 1 }),
    "it has 4 pages",
  ],
  "a negative first page": [
    () => machine().pages({ mapping: "buf", firstPage: -1, pages: 1 }),
    "it has 4 pages",
  ],
  "facts of half a page": [
    () => {
      const made = machine();
      pageFacts(made, made.mm("app"), made.pages("buf").start + 5);
    },
    "Expected a page-aligned address",
  ],
  "an address above user space": [
    () => translate(machine().mm("app"), 2 ** 47),
    "Expected an address below 0x800000000000, got 0x800000000000",
  ],
  "an address that is NaN": [() => translate(machine().mm("app"), NaN), "Expected an address"],
  "a driver that the machine lacks": [
    () => {
      const made = new Machine();
      made.addProcess("app");
      made.addListener({ name: "guest", kind: "kvm", process: "app", policy: "legacy" });
    },
    "expected one of custom; DRIVERS of @mmulab/mmulab/listeners has more",
  ],
  "an operation of a driver that the machine lacks": [
    () => perform(new Machine(), "memslot", {}),
    "; DRIVERS of @mmulab/mmulab/listeners has more",
  ],
  "an operation that no driver has": [
    () => perform(machine(), "teleport", {}),
    'Cannot find operation "teleport": expected one of mmap, ',
  ],
  "a step without its argument": [() => newStep(operation("wait")), 'as "time", got nothing'],
  "an unknown kernel": [() => runScenario(NAP, { kernel: "v9" }), "expected one of v5.0"],
  "an unknown policy": [
    () => runScenario(NAP, { policy: "idael" }),
    "expected one of legacy, followup, ideal",
  ],
  "a seed that is NaN": [() => runScenario(NAP, { seed: NaN }), "expected a whole number"],
  "an unknown fault": [
    () => runScenario(NAP, { faults: untyped(["skip"]) }),
    "expected one of skip_start",
  ],
  "no scenario": [() => runScenario(untyped(undefined)), "expected YAML text or an object"],
  "an object where a text belongs": [() => parseScenario(untyped({})), "expected YAML text"],
  "a text where a program belongs": [() => runProgram(untyped(NAP)), "Expected a program"],
  "a text to compare as a program": [() => comparePolicies(untyped(NAP)), "Expected a program"],
  "no policy to compare": [
    () => compareScenario(NAP, { policies: [] }),
    "expected one or more",
  ],
  "a text to mutate": [() => mutate(untyped([NAP])), "Expected a program"],
  "an unknown fault to mutate with": [
    () => mutate([], { faults: untyped(["skip"]) }),
    "expected one of skip_start",
  ],
  "a listener to attach that is no function": [
    () => attachListener(newProgram({ name: "t" }), { factory: untyped(3) }),
    "expected a function",
  ],
  "a report of a text": [
    () => report("html", untyped(NAP)),
    "expected what a run, a comparison or a test gave back",
  ],
  "an unknown kind of report": [() => report("pdf" as ReportKind, []), "expected one of junit"],
  "no machine to perform on": [() => perform(untyped(undefined), "mmap"), "Expected a machine"],
  "a figure without a name": [() => readFigure(machine(), untyped(undefined)), "such as"],
  "figures of nothing": [() => allFigures(untyped(null)), "Expected a machine"],
  "facts on no machine": [() => pageFacts(untyped({}), untyped({}), 0), "Expected a machine"],
  "facts of no process": [() => pageFacts(machine(), untyped("app"), 0), "an address space"],
  "a process by name to translate in": [() => translate(untyped("app"), 0), "an address space"],
  "programs that are no list": [() => mutate(untyped({})), "Expected a list of programs"],
  "events of a text": [() => tabulateEvents([untyped(NAP)]), "Expected a program"],
  "a listener for no program": [
    () => attachListener(untyped(undefined), { factory: ({ name }) => ({ name }) }),
    "Expected a program",
  ],
  "nothing to attach": [
    () => attachListener(newProgram({ name: "t" }), untyped(null)),
    "a function",
  ],
  "steps that are no text": [() => parseSteps(untyped([]), untyped({})), "expected YAML text"],
  "a scenario with a cycle": [
    () => {
      const steps: unknown[] = [];
      steps.push({ repeat: 2, steps });
      runScenario({ name: "t", steps });
    },
    "without cycles",
  ],
  "no kernel to test under": [() => testScenario(NAP, { kernels: [] }), "expected one or more"],
  "a subscriber that is no function": [
    () => machine().host.trace.subscribe(untyped(3)),
    "expected a function",
  ],
};

for (const [what, [use, wanted]] of Object.entries(WRONG)) {
  Deno.test(`the library refuses ${what} and says what was expected`, () => {
    const error = assertThrows(use, Error, wanted);
    assert(error instanceof RangeError || error instanceof TypeError, error.name);
  });
}

Deno.test("a misspelled key of a scenario comes with the right one", () => {
  assertThrows(() => runScenario({ name: "A nap", steps: [{ wiat: {} }] }), SyntaxError, '"wait"?');
});

Deno.test("a name that is used again stands for the new mapping", () => {
  const made = machine();
  const before = made.pages("buf");
  perform(made, "mmap", { process: "app", name: "buf", size: 2 * 4096 });
  const { start, pages } = made.pages("buf");
  assertEquals([start === before.start, pages], [false, 2]);
  assertEquals(made.violations, []);
});
