import { assertEquals } from "@std/assert";
import { kernelProfile } from "../../lib/kernel/profile.ts";
import {
  TRACE_BLOCKABLE,
  TRACE_ONLY_END,
  TRACE_USE_CHANGE_PTE,
  TRACE_VMA,
} from "../../lib/kernel/trace.ts";
import { EVENT_NAMES, SITE } from "../../lib/notifier/range.ts";
import { SITE_PROGRAMS, siteWorld } from "./call_sites.ts";

type Site = keyof typeof SITE;

/** What the first window of a site says under v5.2, and how it closes. */
const V5_2: Readonly<Record<Exclude<Site, "collapse_and_free_pmd">, string>> = {
  copy_page_range: "PROTECTION_PAGE vma end",
  unmap_vmas: "UNMAP vma end",
  zap_page_range: "CLEAR vma end",
  zap_page_range_single: "CLEAR vma end",
  wp_page_copy: "CLEAR vma only_end",
  madvise_free_single_vma: "CLEAR vma end",
  change_pmd_range: "PROTECTION_VMA vma end",
  move_page_tables: "UNMAP vma end",
  write_protect_page: "CLEAR vma end",
  replace_page: "CLEAR vma end",
  page_mkclean_one: "PROTECTION_PAGE vma end",
  try_to_unmap_one: "CLEAR vma end",
  migrate_vma_collect: "CLEAR end",
  migrate_vma_pages: "CLEAR only_end",
  do_huge_pmd_wp_page: "CLEAR vma only_end",
  do_huge_pmd_wp_page_fallback: "CLEAR vma only_end",
  __split_huge_pmd: "CLEAR vma only_end",
  collapse_huge_page: "CLEAR end",
  copy_hugetlb_page_range: "CLEAR vma end",
  __unmap_hugepage_range: "UNMAP vma end",
  hugetlb_cow: "CLEAR vma end",
  hugetlb_change_protection: "PROTECTION_VMA vma end",
  __replace_page: "CLEAR vma end",
  clear_refs_write: "SOFT_DIRTY end",
  __oom_reap_task_mm: "UNMAP vma nonblocking end",
};

const CHANGE_PTE_SITES: readonly (keyof typeof V5_2)[] = [
  "wp_page_copy",
  "write_protect_page",
  "replace_page",
];

/** What the first window of a site says under a kernel. */
function windowOf(site: Site, kernel: string): string {
  const world = siteWorld(kernelProfile(kernel));
  SITE_PROGRAMS[site](world);
  const records = [...world.host.trace.records(0)].filter((one) => one.site === SITE[site]);
  const start = records.find(({ kind }) => kind === "invalidate_range_start");
  const end = records.find(({ kind }) => kind === "invalidate_range_end");
  if (start === undefined || end === undefined) return "no window";
  return [
    EVENT_NAMES[start.event],
    ...((start.flags & TRACE_VMA) !== 0 ? ["vma"] : []),
    ...((start.flags & TRACE_BLOCKABLE) === 0 ? ["nonblocking"] : []),
    ...((start.flags & TRACE_USE_CHANGE_PTE) !== 0 ? ["change_pte"] : []),
    (end.flags & TRACE_ONLY_END) !== 0 ? "only_end" : "end",
  ].join(" ");
}

for (const [name, expected] of Object.entries(V5_2)) {
  const site = name as Site;
  Deno.test(`${site} of v5.2 opens a window that says ${expected}`, () => {
    assertEquals(windowOf(site, "v5.2"), expected);
  });

  const legacy = expected.replace(/^\w+/, "UNMAP").replace(" vma", "");
  Deno.test(`${site} of v5.0 opens a window that says ${legacy}`, () => {
    assertEquals(windowOf(site, "v5.0"), legacy);
  });
}

Deno.test("collapse_and_free_pmd opens a window since the fix of B-11", () => {
  assertEquals(windowOf("collapse_and_free_pmd", "v6.1"), "CLEAR end");
  assertEquals(windowOf("collapse_and_free_pmd", "v5.2"), "no window");
});

Deno.test("three sites of the series promise change_pte, and no other one", () => {
  const promising = Object.keys(V5_2).filter((site) =>
    windowOf(site as Site, "v5-series").includes("change_pte")
  );
  assertEquals(promising.toSorted(), CHANGE_PTE_SITES.toSorted());
});

Deno.test("no site of v5.2 promises change_pte", () => {
  for (const site of CHANGE_PTE_SITES) assertEquals(windowOf(site, "v5.2"), V5_2[site]);
});
