import { assertEquals } from "@std/assert";
import { LISTENER_KINDS } from "../../lib/listeners/registry.ts";
import { MERGED, promptAfter } from "./prompt.ts";

const VIEWS: readonly string[] = [
  "vtop ram[1]",
  "vtop ram+0x4000",
  "vm",
  "vm -p",
  "vm -m",
  "chain",
  "listener guest",
  "counters",
  "smaps",
  "page-types qemu",
  "page-types -l qemu",
  "pagemap ram[0..2]",
  "kmem -i",
  "rmap 2",
  "ps",
  "ksm",
  "swap",
  "events -n 3",
  "trace -n 3",
  "why ram[1]",
  "diff 5 6",
  "pte 8000000000002867",
  "help vm",
];

for (const view of VIEWS) {
  Deno.test(`${view} looks as it did`, async (t) => {
    const { prompt } = await promptAfter(MERGED);
    await t.assertSnapshot(await prompt.execute(view));
  });
}

/** Devices of every kind at work on four pages. */
const DEVICES: Readonly<Record<string, readonly string[]>> = {
  kvm: ["memslot d ram", "guest_write d ram", "mprotect ram[0] r"],
  odp: ["reg_mr d ram", "rdma_write d ram[0..3]"],
  odp_implicit: ["rdma_read d ram"],
  pinned_mr: ["reg_mr d ram"],
  amdgpu_gfx: ["userptr d ram", "submit d ram"],
  amdgpu_hsa: ["userptr d ram"],
  radeon: ["userptr d ram[0..2]", "userptr d ram[2..4] access=ro", "submit d ram[0..2]"],
  i915: ["userptr d ram", "submit d ram", "munmap ram[0]"],
  gntdev: ["map_grant d ram", "madvise ram[1] DONTNEED"],
  hfi1: ["tid_setup d ram[1..3]"],
  hmm: ["mirror d ram", "device_read d ram"],
  sva: ["device_write d ram[3]"],
};

Deno.test("listener shows state, policy, ranges and translations of every kind", async (t) => {
  const kinds = Object.keys(LISTENER_KINDS).filter((kind) => kind !== "custom");
  assertEquals(Object.keys(DEVICES).sort(), kinds.sort());
  for (const [kind, lines] of Object.entries(DEVICES)) {
    await t.step(kind, async (step) => {
      const { prompt } = await promptAfter([
        `process p; listen d ${kind} p; mmap p ram 4p; fill ram`,
        ...lines,
      ]);
      await step.assertSnapshot(await prompt.execute("listener d"));
    });
  }
});

Deno.test("smaps and vm -p of huge, swapped and shared pages look as they did", async (t) => {
  const { prompt } = await promptAfter([
    "set kernel v6.1; process p; listen nic odp p",
    "mmap p big 4M; madvise big HUGEPAGE; fill big[0..512]; fill big[600]",
    "mmap p cold 4p; fill cold unique; madvise cold[0..2] PAGEOUT; madvise cold[3] FREE",
    "fork p child",
    "write cold[2]",
  ]);
  await t.assertSnapshot(await prompt.execute("smaps; vm -p | tail -8; vtop big[3]; vtop cold[0]"));
});
