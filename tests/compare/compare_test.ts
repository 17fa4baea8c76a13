import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { comparePolicies, compareSteps } from "../../lib/compare/compare.ts";
import { StepError } from "../../lib/compare/step_error.ts";
import { ratioOf } from "../../lib/compare/listeners.ts";
import { newProgram, newStep } from "../../lib/machine/program.ts";
import type { RunResult } from "../../lib/machine/run.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

const fixture = new URL("../cli/fixtures/mprotect.yaml", import.meta.url);
const program = parseScenario(await Deno.readTextFile(fixture), { file: "a.yaml" });

Deno.test("comparePolicies() puts the counters of each listener side by side", () => {
  const { columns, listeners, passed } = comparePolicies(program, { kernel: "v5.2" });
  assertEquals(columns, ["legacy", "followup", "ideal", "bold"]);
  assertEquals(passed, true);
  const [{ name, kind, process, policy, notified, windows, counters, ratios }] = listeners;
  assertEquals([name, kind, process, policy, notified], ["nic", "odp", "app", null, true]);
  assertEquals(windows, { PROTECTION_VMA: 1 });
  assertEquals(counters.faults, { legacy: 16, followup: 8, ideal: 8, bold: 8 });
  assertEquals(ratios.faults, { legacy: 1, followup: 0.5, ideal: 0.5, bold: 0.5 });
  assertEquals(ratios.kept, { legacy: 1, followup: null, ideal: null, bold: null });
});

Deno.test("comparePolicies() says whether the kernel passes the context", () => {
  assertEquals(comparePolicies(program, { kernel: "v5.0" }).eventContext, false);
  assertEquals(comparePolicies(program, { kernel: "v5.2" }).eventContext, true);
});

Deno.test("comparePolicies() evaluates what the program expects of the comparison", () => {
  const [first, ...rest] = program.compare;
  const wrong = { ...first, matcher: { operator: "==", operand: 1 } as const };
  const { passed, failures, expectations, runs } = comparePolicies(
    { ...program, compare: [wrong, ...rest] },
    { kernel: "v5.2" },
  );
  assertEquals([passed, expectations], [false, 2]);
  assertEquals(failures.map(({ message }) => message), [
    "nic.faults under legacy: expected 1, got 16",
  ]);
  assertEquals(runs.map((run) => run.passed), [true, true, true, true]);
});

Deno.test("comparePolicies() leaves out expectations on policies that are not run", () => {
  const { expectations } = comparePolicies(program, { kernel: "v5.2", policies: ["ideal"] });
  assertEquals(expectations, 1);
});

Deno.test("comparePolicies() takes a seed, and gives the same twice", () => {
  const options = { kernel: "v5.2", seed: 7 };
  const first = comparePolicies(program, options);
  assertEquals(first.runs.map(({ seed }) => seed), [7, 7, 7, 7]);
  assertEquals(JSON.stringify(comparePolicies(program, options)), JSON.stringify(first));
});

Deno.test("compareSteps() stops before and after every step, and at the end of every run", () => {
  const seen: string[] = [];
  const results: RunResult[] = [];
  for (
    const { policy, steps, result } of compareSteps(program, { policies: ["legacy", "ideal"] })
  ) {
    if (result === undefined) seen.push(`${policy} ${steps}`);
    else results.push(result);
  }
  const count = program.steps.length;
  assertEquals(seen.length, 2 * (count + 1));
  assertEquals([seen[0], seen[count], seen[count + 1]], ["legacy 0", `legacy ${count}`, "ideal 0"]);
  assertEquals(results.map(({ policy }) => policy), ["legacy", "ideal"]);
});

Deno.test("compareSteps() lets one look at the machine between two steps", () => {
  const times: number[] = [];
  for (const { machine } of compareSteps(program, { policies: ["ideal"] })) {
    times.push(machine.host.clock.now);
  }
  assertEquals(times[0], 0);
  assert(times.every((time, at) => at === 0 || time >= times[at - 1]));
  assert(times.at(-1)! > 0);
});

Deno.test("comparePolicies() throws a StepError with the place of a step that cannot be carried out", () => {
  const [step] = program.steps;
  const run = () => {
    throw new RangeError("No such thing");
  };
  const broken = { ...step, operation: { ...step.operation, run } };
  const error = assertThrows(() => comparePolicies({ ...program, steps: [broken] }), StepError);
  assertEquals([error.message, error.label], ["No such thing", step.label]);
  assertEquals(error.position, { file: "a.yaml", line: 11, column: 5 });
  assertInstanceOf(error.cause, RangeError);
});

Deno.test("comparePolicies() names a listener's own policy", () => {
  const [listener] = program.listeners;
  const own = { ...program, listeners: [{ ...listener, policy: "ideal" }] };
  const [{ policy, counters }] = comparePolicies(own, { kernel: "v5.2" }).listeners;
  assertEquals(policy, "ideal");
  assertEquals(new Set(Object.values(counters.faults)), new Set([8]));
});

Deno.test("comparePolicies() runs a program made by hand", () => {
  const wait = newStep({
    name: "wait",
    about: "Lets time pass",
    args: {},
    // deno-lint-ignore require-yield
    *run(machine) {
      machine.host.clock.advance(5);
      return { ret: 0 };
    },
  });
  const { runs } = comparePolicies(newProgram({ name: "t", steps: [wait] }));
  assertEquals(runs.map(({ time_ns }) => time_ns), [5, 5, 5]);
});

for (const [value, base, ratio] of [[0, 0, 1], [3, 3, 1], [0, 4, 0], [6, 4, 1.5], [2, 0, null]]) {
  Deno.test(`ratioOf() of ${value} over ${base} is ${ratio}`, () => {
    assertEquals(ratioOf(value ?? 0, base ?? 0), ratio);
  });
}

Deno.test("a comparison is plain data, with interludes too", async () => {
  const file = "../../scenarios/bugs/b-07-reload-before-the-change.yaml";
  const program = parseScenario(await Deno.readTextFile(new URL(file, import.meta.url)));
  assert(program.steps.some(({ during }) => during !== undefined));
  const { runs, listeners } = comparePolicies(program);
  assertEquals(structuredClone(runs), runs);
  assertEquals(structuredClone(listeners), listeners);
});
