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
