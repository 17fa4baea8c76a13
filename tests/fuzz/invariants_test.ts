import { assert, assertEquals } from "@std/assert";
import type { FaultName } from "../../lib/kernel/faults.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";
import { shrinkFinding, tryProgram } from "./campaign.ts";
import { firstFault, WORLDS } from "./execute.ts";
import { USED_OPERATIONS } from "./ingredients.ts";
import { OPERATIONS_PER_PROGRAM, randomProgram } from "./generate.ts";

const SEEDS_PER_TEST = 10;

for (let first = 1; first <= 40; first += SEEDS_PER_TEST) {
  const last = first + SEEDS_PER_TEST - 1;
  Deno.test(`random programs ${first} to ${last} keep every invariant on every kernel`, () => {
    for (let seed = first; seed <= last; seed++) {
      const finding = tryProgram(seed);
      assert(finding === null, finding?.scenario);
    }
  });
}

Deno.test("equal seeds give equal programs, other seeds others", () => {
  assertEquals(labels(7), labels(7));
  assert(labels(7).join() !== labels(8).join());
});

Deno.test("a random program has at least 200 operations", () => {
  assert(labels(1).length >= OPERATIONS_PER_PROGRAM && OPERATIONS_PER_PROGRAM >= 200);
});

Deno.test("every operation but those of listeners left out takes part in the random programs", () => {
  const used = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) {
    for (const { operation } of randomProgram(seed).steps) used.add(operation.name);
  }
  assertEquals(USED_OPERATIONS.map(({ name }) => name).filter((name) => !used.has(name)), []);
});

/** Injected mistakes, and how many steps the shortest program needs at most to show each. */
const MISTAKES: readonly { fault: FaultName; invariant: string; steps: number }[] = [
  { fault: "leak_frame", invariant: "refcount", steps: 5 },
  { fault: "lost_mapcount", invariant: "mapcount", steps: 6 },
  { fault: "leak_pin", invariant: "refcount", steps: 4 },
  { fault: "ignore_start", invariant: "coherence", steps: 6 },
  { fault: "short_range", invariant: "coherence", steps: 6 },
  { fault: "skip_end", invariant: "kernel_bug", steps: 6 },
];

for (const { fault, invariant, steps } of MISTAKES) {
  Deno.test(`the mistake ${fault} is found, and shrunk to a scenario that shows it again`, () => {
    const { program, world, found } = provoke(fault, invariant);
    const finding = shrinkFinding(program, world, found);
    assert(finding.program.steps.length <= steps, finding.scenario);
    const again = parseScenario(finding.scenario);
    assertEquals(firstFault(again, world), finding.fault);
  });
}

Deno.test("no step can be left out of a shrunk program", () => {
  const { program, world, found } = provoke("ignore_start", "coherence");
  const { program: shortest, fault } = shrinkFinding(program, world, found);
  for (let left = 0; left < shortest.steps.length; left++) {
    const steps = shortest.steps.filter((_, index) => index !== left);
    const other = firstFault({ ...shortest, steps }, world);
    assert(other?.invariant !== fault.invariant || other.operation !== fault.operation);
  }
});

function labels(seed: number): string[] {
  return randomProgram(seed).steps.map(({ label }) => label);
}

/** The first random program that breaks an invariant with a mistake injected. */
function provoke(fault: FaultName, invariant: string) {
  for (let seed = 1; seed <= 200; seed++) {
    const program = { ...randomProgram(seed), faults: [fault] };
    for (const world of WORLDS) {
      const found = firstFault(program, world);
      if (found?.invariant === invariant) return { program, world, found };
    }
  }
  throw new Error(`No random program breaks ${invariant} with ${fault}`);
}
