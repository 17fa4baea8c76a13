import { assertEquals } from "@std/assert";
import { verdicts } from "../../lib/report/verdict.ts";
import { fixture, resultOf } from "./results.ts";

const HEAD = "name: t\nprocesses: { app: {} }\n";
const ODP = "listeners: { nic: { kind: odp, process: app } }\n";
const MAPPED = `steps:
  - mmap: { process: app, name: buf, size: 4 pages }
  - write: { range: buf }
`;
const REGISTERED = "  - reg_mr: { listener: nic, range: buf }\n";
const USED = "  - rdma_write: { listener: nic, range: buf }\n";

/** The verdicts on the first listener under the first kernel. */
function judge(source: string): string[] {
  const [comparison] = resultOf(source).comparisons;
  return verdicts(comparison.listeners[0], comparison);
}

Deno.test("verdicts() names what a policy saves", () => {
  assertEquals(judge(fixture("mprotect").replace("[v5.0, v5.2]", "[v5.2]")), [
    "followup, ideal, bold: 8 fewer faults, 18.41 ms less",
  ]);
});

Deno.test("verdicts() marks a policy that breaks an invariant", () => {
  assertEquals(judge(fixture("unsafe")), [
    "followup, ideal: as legacy",
    "deaf (unsafe): 5.6 us less",
  ]);
});

for (
  const { why, source } of [
    {
      why: "v5.0 passes no context, every window looks like munmap",
      source: fixture("mprotect"),
    },
    {
      why: "every window says UNMAP, the pages really go, so every listener must drop them",
      source: HEAD + ODP + MAPPED + REGISTERED + USED + "  - munmap: { range: buf }\n",
    },
    {
      why:
        "every window says SOFT_DIRTY, and what it dropped was writable, so the next write has to fault in any case",
      source: HEAD + ODP + MAPPED + REGISTERED + USED + "  - clear_refs: { process: app }\n",
    },
    { why: "no invalidation reached it", source: HEAD + ODP + MAPPED },
    {
      why: "no invalidation touched what it had mapped",
      source: HEAD + ODP + MAPPED + "  - munmap: { range: buf }\n",
    },
    {
      why: "it has no notifier callbacks, it pins its pages",
      source: HEAD + ODP.replace("odp", "pinned_mr") + MAPPED,
    },
    {
      why: "it keeps the policy ideal in every column",
      source: HEAD + ODP.replace("process: app", "process: app, policy: ideal") + MAPPED,
    },
  ]
) {
  Deno.test(`verdicts() explains: ${why}`, () => {
    assertEquals(judge(source), [`no policy differs: ${why}`]);
  });
}
