import { assert, assertEquals } from "@std/assert";
import { isPlain } from "../../lib/machine/late.ts";
import { allFigures } from "../../lib/machine/figures.ts";
import { OPERATIONS } from "../../lib/machine/ops/mod.ts";
import type { Program, Step } from "../../lib/machine/program.ts";
import { Interpreter } from "../../lib/repl/interpreter.ts";
import { Session } from "../../lib/repl/session.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";
import { runCode } from "./run_code.ts";
import { libraryPrograms, typedStep, typedValue } from "./prompt.ts";

/** Operations that no scenario of the library shows, by themselves. */
const OTHERS = `
name: Other operations
kernel: v6.1
machine: { memory: 64 MiB, nodes: 2 }
processes: { p: {} }
listeners:
  nic: { kind: odp, process: p }
  gpu: { kind: radeon, process: p }
  hfi: { kind: hfi1, process: p }
  xen: { kind: gntdev, process: p }
steps:
  - create_file: { name: f, size: 8 pages, kind: file }
  - pwrite: { file: f, pages: 4, value: 7 }
  - mmap: { process: p, name: m, size: 8 pages, file: f, shared: true }
  - write: { range: m }
  - msync: { range: "m[0..4]" }
  - mmap: { process: p, name: a, size: 16 pages }
  - mlock: { range: "a[0..2]" }
  - munlock: { range: "a[1]" }
  - fill: { range: a, fill: same }
  - madvise: { range: "a[8..12]", advice: MERGEABLE }
  - ksmd: { full_scans: 2 }
  - ksm_unmerge: {}
  - mbind: { range: "a[4..8]", node: 1, move: true }
  - migrate_pages: { process: p, from: 1, to: 0 }
  - migrate_to_device: { range: "a[8..12]" }
  - wait: { time: 20 ms }
  - reclaim: { size: 4 pages }
  - swapoff: {}
  - reg_mr: { listener: nic, range: a }
  - dereg_mr: { listener: nic, range: a }
  - userptr: { listener: gpu, range: a }
  - submit: { listener: gpu, range: a, fill: 3 }
  - userptr_free: { listener: gpu, range: a }
  - map_grant: { listener: xen, range: "a[0..4]" }
  - unmap_grant: { listener: xen, range: "a[0..4]" }
  - tid_setup: { listener: hfi, range: "a[4..8]" }
  - tid_clear: { listener: hfi, range: "a[4..8]" }
  - mmap: { process: p, name: w, size: 8 pages }
  - uffd_register: { range: w, mode: missing }
  - uffd_copy: { range: "w[0..4]", fill: 9 }
  - uffd_writeprotect: { range: "w[0..2]" }
  - uffd_unregister: { range: w }
`;

/** The first step of every operation in the library of scenarios, with the program around it. */
const PLACES: ReadonlyMap<string, { program: Program; index: number; step: Step }> = firstSteps();

function firstSteps() {
  const places = new Map<string, { program: Program; index: number; step: Step }>();
  for (const [, program] of [...libraryPrograms(), ["", parseScenario(OTHERS)] as const]) {
    for (const [index, step] of program.steps.entries()) {
      const { operation: { name } } = step;
      if (isPlain(step) && !places.has(name)) places.set(name, { program, index, step });
    }
  }
  return places;
}

/** A session that stands before a step of a scenario. */
function standing({ program, index }: { program: Program; index: number }): Interpreter {
  const session = new Session(program, { policy: "ideal" });
  session.goto(index);
  return new Interpreter({ session });
}

/** The ways in which a step can be typed. */
const FORMS: Readonly<Record<string, (step: Step) => string>> = {
  "in short": ({ operation, args }) => {
    const words = Object.entries(args).map(([name, value]) => ` ${name}=${typedValue(value)}`);
    return operation.name + words.join("");
  },
  "as in a scenario": (step) => typedStep({ ...step, name: "A title" }),
};

for (const { name } of OPERATIONS) {
  for (const [form, write] of Object.entries(FORMS)) {
    Deno.test(`${name}, typed ${form}, does what the code of --ts does`, async () => {
      const place = PLACES.get(name);
      assert(place !== undefined, `no scenario shows ${name}: add it to the list above`);
      const line = write(place.step);
      const prompt = standing(place);
      const printed = await prompt.execute(line);
      assertEquals(prompt.session.tick, place.index + 1);
      const other = standing(place);
      const code = await other.execute(`${line} --ts`);
      assertEquals(other.session.tick, place.index, "--ts does nothing itself");
      assertEquals(await runCode(code, other.session), printed);
      assertEquals(allFigures(other.session.machine), allFigures(prompt.session.machine));
    });
  }
}

Deno.test("the code of a step keeps its interludes, loops and expectations", async () => {
  const lines = [
    "process p; mmap p a 4p; listen guest kvm p; memslot guest a; guest_write guest a",
  ];
  const line = "{ munmap: { range: a }, during: [{ at: window_open, " +
    "do: [{ guest_read: { listener: guest, range: a } }] }], " +
    "expect: { guest.retries: 99 }, name: Torn away }";
  const prompts = await Promise.all([0, 1].map(async () => {
    const prompt = new Interpreter();
    for (const one of lines) await prompt.execute(one);
    return prompt;
  }));
  const printed = await prompts[0].execute(line);
  const code = await prompts[1].execute(`${line} --ts`);
  assertEquals(await runCode(code, prompts[1].session), printed);
  assert(printed.includes("Torn away") && printed.includes("failed:"), printed);
  assertEquals(allFigures(prompts[1].session.machine), allFigures(prompts[0].session.machine));
});
