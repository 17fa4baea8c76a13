import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { ScenarioError } from "../../lib/scenario/diagnostics.ts";
import { check, parse, parseSteps, SAMPLE } from "./vocabulary.ts";

const T = "name: t\n";
const END = "steps: [{ compact: }]\n";

Deno.test("parseScenario() reads the top of the sample", () => {
  const { name, about, tags, kernel, kernels, machine, costs, faults, switches } = parse(SAMPLE);
  assertEquals(name, "KSM merge on a KVM guest");
  assertEquals(about, "ksmd merges equal pages of guest RAM.");
  assertEquals(tags, ["ksm", "kvm", "change_pte"]);
  assertEquals([kernel, kernels], ["v5-series", ["v5-series", "v6.1"]]);
  assertEquals(machine, { memory: 64 * 2 ** 20, nodes: 2, seed: 7 });
  assertEquals(costs, { cow_copy: 5000, cpu_fault: 1000 });
  assertEquals(faults, ["skip_end"]);
  assertEquals(switches, { retractNotifies: true, cowReuse: "exclusive" });
});

Deno.test("parseScenario() reads processes, listeners and policies", () => {
  const { processes, listeners, policies } = parse(SAMPLE);
  assertEquals(processes, [{ name: "qemu" }, { name: "other" }]);
  assertEquals(listeners, [
    { name: "guest", kind: "kvm", process: "qemu", options: {} },
    {
      name: "nic",
      kind: "pinned_mr",
      process: "other",
      policy: "mine",
      options: { softDirty: true },
    },
  ]);
  assertEquals(policies, {
    mine: { base: "ideal", useChangePte: false, events: { SOFT_DIRTY: "drop" } },
  });
});

Deno.test("parseScenario() fills in what a small file leaves out", () => {
  const program = parse(T + END);
  assertEquals(program.kernel, "v5.2");
  assertEquals(program.kernels, ["v5.2"]);
  assertEquals(program.machine, { memory: 64 * 2 ** 20, nodes: 1, seed: 1 });
  assertEquals([program.listeners, program.expect, program.compare], [[], [], []]);
});

Deno.test("parseScenario() runs under the first of the kernels unless one is named", () => {
  assertEquals(parse(`${T}kernels: [v6.1, v5.0]\n${END}`).kernel, "v6.1");
  assertEquals(parse(`${T}kernel: v5.0\nkernels: [v6.1]\n${END}`).kernel, "v5.0");
});

Deno.test("parseScenario() reads the keys of a file in any order", () => {
  const program = parse(
    "steps: [{ mmap: { process: p, name: a, size: 4096 } }]\nprocesses: { p: }\nname: t\n",
  );
  assertEquals(program.steps[0].args.process, "p");
});

Deno.test("parseScenario() gives every step its position and its label", () => {
  const [first] = parse(SAMPLE).steps;
  assertEquals(first.position, { file: "t.yaml", line: 19, column: 5 });
  assertEquals(
    first.label,
    "mmap process=qemu name=ram size=16 pages prot=rw at=0x7f0000000000",
  );
});

Deno.test("parseScenario() fills in the defaults of arguments", () => {
  const { args } = parseSteps("  - ksmd:\n").steps[1];
  assertEquals(args, { full_scans: 1 });
});

Deno.test("parseScenario() knows a process that fork introduces", () => {
  const program = parseSteps(
    "  - fork: { process: qemu, name: child }\n  - write: { process: child, range: ram }\n",
  );
  assertEquals(program.steps[2].args.process, "child");
});

Deno.test("parseScenario() follows aliases", () => {
  const program = parse(`${T}steps:\n  - wait: &nap { time: 20 ms }\n  - wait: *nap\n`);
  assertEquals(program.steps[1].args.time, 20e6);
});

Deno.test("parseScenario() lets variables be replaced from outside", () => {
  const source = `${T}vars: { pages: 16, twice: "\${pages * 2}" }
steps: [{ ksmd: { full_scans: "\${twice}" } }]
`;
  assertEquals(parse(source).steps[0].args.full_scans, 32);
  assertEquals(parse(source, { pages: 5 }).steps[0].args.full_scans, 10);
});

Deno.test("checkScenario() refuses a value for a variable that the file does not have", () => {
  const [found] = check(`${T}vars: { pages: 16 }\n${END}`, { page: 1 });
  assertEquals(found.message, 'Unknown variable "page" given');
  assertEquals(found.hint, 'Did you mean "pages"?');
});

Deno.test("parseScenario() throws one error that names everything that is wrong", () => {
  const error = assertThrows(
    () => parse(`${T}kernel: v9\nmachine: { nodes: 99 }\ntasg: []\n${END}`),
    ScenarioError,
  );
  assertInstanceOf(error, SyntaxError);
  assertEquals(error.diagnostics.map(({ line }) => line), [2, 3, 4]);
  assertEquals(error.message.split("\n").map((line) => line.split(": ")[0]), [
    "t.yaml:2:9",
    "t.yaml:3:19",
    "t.yaml:4:1",
  ]);
  assert(error.message.endsWith('Unknown key "tasg" in a scenario. Did you mean "tags"?'));
});

Deno.test("parseScenario() reports no more than a hundred mistakes, and that there are more", () => {
  const keys = Array.from({ length: 500 }, (_, at) => `x${at}: 1\n`).join("");
  const found = check(T + END + keys);
  assertEquals(found.length, 101);
  assertEquals(found.filter(({ message }) => message.startsWith("Unknown key")).length, 100);
});
