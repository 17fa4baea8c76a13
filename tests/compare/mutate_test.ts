import { assert, assertEquals, assertThrows } from "@std/assert";
import { mutate, mutateRuns } from "../../lib/compare/mutate.ts";
import type { FaultName } from "../../lib/kernel/faults.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

const program = parseScenario(
  `
name: A window
processes: { app: {} }
listeners: { nic: { kind: odp, process: app } }
steps:
  - mmap: { process: app, name: buf, size: 2 pages }
  - reg_mr: { listener: nic, range: buf }
  - rdma_write: { listener: nic, range: buf }
  - munmap: { range: buf }
`,
  { file: "window.yaml" },
);
const faults: FaultName[] = ["skip_start", "skip_end"];

Deno.test("mutateRuns() first runs a program as it is, then with one mistake after the other", () => {
  const seen = [...mutateRuns([program], { faults })];
  assertEquals(seen[0], { index: 0, kernel: "v5.2", place: null, noticed: false });
  assertEquals(seen.slice(1).map(({ place }) => place?.fault), faults);
  assert(seen.slice(1).every(({ noticed }) => noticed));
});

Deno.test("mutate() names the files that notice a mistake", () => {
  const { mutations } = mutate([program], { faults });
  assertEquals(mutations.map(({ noticedBy }) => noticedBy), [["window.yaml"], ["window.yaml"]]);
});

Deno.test("mutate() refuses mistakes that there are not", () => {
  const wrong = ["skip_strat"] as unknown as FaultName[];
  assertThrows(
    () => mutate([program], { faults: wrong }),
    RangeError,
    'Cannot inject fault "skip_strat"',
  );
});

Deno.test("mutate() ends where its signal is aborted", () => {
  const signal = AbortSignal.abort(new Error("enough"));
  assertThrows(() => mutate([program], { signal }), Error, "enough");
});
