import { assert, assertEquals } from "@std/assert";
import { PMD_SIZE } from "../../lib/kernel/address.ts";
import { ERRNO } from "../../lib/kernel/errno.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import { clearRefs } from "../../lib/mm/clear_refs.ts";
import { fork } from "../../lib/mm/fork.ts";
import { userPages } from "../../lib/mm/gup.ts";
import { khugepagedFullScan } from "../../lib/mm/khugepaged.ts";
import { madvise } from "../../lib/mm/madvise.ts";
import { BASE, hugeProcess, isHuge, read, TWO_BLOCKS, windows, write } from "./huge_world.ts";

/** Two blocks with a few small pages in the first, to be collapsed. */
function smallPages(profile = kernelProfile("v6.1"), pages = 4) {
  const { host, mm } = hugeProcess(profile);
  drain(madvise(mm, BASE, TWO_BLOCKS, "NOHUGEPAGE"));
  for (let page = 0; page < pages; page++) write(mm, page, page + 1);
  drain(madvise(mm, BASE, TWO_BLOCKS, "HUGEPAGE"));
  return { host, mm };
}

Deno.test("MADV_COLLAPSE copies small pages into a huge page inside one window", () => {
  const { host, mm } = smallPages();
  const seen = windows(mm, () => {
    assertEquals(drain(madvise(mm, BASE, PMD_SIZE, "COLLAPSE")), 0);
  });
  assertEquals(seen, ["CLEAR 0 512"]);
  assertEquals([isHuge(mm, 0), read(mm, 3), read(mm, 4), mm.anonPages], [true, 4, 0, 512]);
  assertEquals(host.vmstat.thp_collapse_alloc, 1);
});

Deno.test("MADV_COLLAPSE of a huge page does nothing and succeeds", () => {
  const { mm } = hugeProcess();
  write(mm, 0);
  const seen = windows(mm, () => {
    assertEquals(drain(madvise(mm, BASE, PMD_SIZE, "COLLAPSE")), 0);
  });
  assertEquals(seen, []);
});

Deno.test("MADV_COLLAPSE of untouched memory is an error without a window", () => {
  const { mm } = smallPages();
  const seen = windows(mm, () => {
    assertEquals(drain(madvise(mm, BASE, TWO_BLOCKS, "COLLAPSE")), -ERRNO.EINVAL);
  });
  assertEquals([seen, isHuge(mm, 0)], [["CLEAR 0 512"], true]);
});

Deno.test("MADV_COLLAPSE of a pinned page is -EAGAIN without a window", () => {
  const { mm } = smallPages();
  drain(userPages(mm).pinUserPage(BASE));
  const seen = windows(mm, () => {
    assertEquals(drain(madvise(mm, BASE, PMD_SIZE, "COLLAPSE")), -ERRNO.EAGAIN);
  });
  assertEquals(seen, []);
});

Deno.test("MADV_COLLAPSE of pages that are all read-only is an error", () => {
  const { mm } = smallPages();
  drain(fork(mm, "C"));
  assertEquals(drain(madvise(mm, BASE, PMD_SIZE, "COLLAPSE")), -ERRNO.EINVAL);
});

Deno.test("v5.2 does not know MADV_COLLAPSE", () => {
  const { mm } = smallPages(kernelProfile("v5.2"), 300);
  assertEquals(drain(madvise(mm, BASE, PMD_SIZE, "COLLAPSE")), -ERRNO.EINVAL);
});

Deno.test("khugepaged collapses a block with a used page", () => {
  const { host, mm } = smallPages();
  assertEquals(windows(mm, () => drain(khugepagedFullScan(host))), ["CLEAR 0 512"]);
  assert(isHuge(mm, 0));
});

Deno.test("khugepaged leaves blocks alone that nobody used", () => {
  const { host, mm } = smallPages();
  drain(clearRefs(mm, 1));
  const from = host.trace.length;
  drain(khugepagedFullScan(host));
  assertEquals([...host.trace.records(from)].map(({ kind }) => kind), Array(4).fill("test_young"));
});

Deno.test("v5.2 collapses only where half of the entries were used", () => {
  const few = smallPages(kernelProfile("v5.2"), 255);
  assertEquals(windows(few.mm, () => drain(khugepagedFullScan(few.host))), []);
  const many = smallPages(kernelProfile("v5.2"), 256);
  assertEquals(windows(many.mm, () => drain(khugepagedFullScan(many.host))), ["CLEAR 0 512"]);
});

Deno.test("max_ptes_none limits what khugepaged fills", () => {
  const { host, mm } = smallPages();
  host.thp.maxPtesNone = 507;
  assertEquals(windows(mm, () => drain(khugepagedFullScan(host))), []);
});
