import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { exitMm, munmap } from "../../lib/mm/mmap.ts";
import { fork } from "../../lib/mm/fork.ts";
import { pinUserPage } from "../../lib/mm/gup.ts";
import type { Host } from "../../lib/mm/host.ts";
import { ksmDoScan, ksmFullScans, ksmUnmergeAll } from "../../lib/mm/ksm.ts";
import type { Mm } from "../../lib/mm/mm_struct.ts";
import { mprotect } from "../../lib/mm/mprotect.ts";
import { uffdRegister, uffdWriteprotect } from "../../lib/mm/userfaultfd.ts";
import { advise, at, heard, machineWithPages, read, swapOut, write } from "./reclaim_setup.ts";

/** A process of mergeable pages with these values. */
function mergeable(values: readonly number[], kernel = "v5.2"): { host: Host; mm: Mm } {
  const { host, mm } = machineWithPages(kernel, values.length);
  values.forEach((value, page) => write(mm, page, 1, value));
  advise(mm, 0, values.length, "MERGEABLE");
  return { host, mm };
}

/** Runs rounds and gives the counters: shared, sharing, unshared, volatile. */
function scan(host: Host, rounds = 1): number[] {
  drain(ksmFullScans(host, rounds));
  return counters(host);
}

function counters({ ksm }: Host): number[] {
  return [ksm.pages_shared, ksm.pages_sharing, ksm.pages_unshared, ksm.pages_volatile];
}

/** The windows of some work, without what happens inside them. */
function windows(host: Host, work: () => void): string[] {
  return heard(host, work).filter((event) => event.includes("CLEAR"));
}

/** The number of frames that pages are mapped to. */
function framesOf(mm: Mm, pages: number): number {
  return new Set(Array.from({ length: pages }, (_, page) => mm.pageTable.pfnAt(at(page)))).size;
}

Deno.test("scan by scan: first volatile, then merged or unshared", () => {
  const { host } = mergeable([5, 5, 5, 6]);
  assertEquals(counters(host), [0, 0, 0, 0]);
  assertEquals(scan(host), [0, 0, 0, 4]);
  assertEquals(scan(host), [1, 2, 1, 0]);
  assertEquals(scan(host), [1, 2, 1, 0]);
  assertEquals(host.ksm.full_scans, 3);
});

Deno.test("a merge of two opens three windows, of a third page two", () => {
  const { host } = mergeable([5, 5, 5]);
  assertEquals(windows(host, () => scan(host)), []);
  assertEquals(windows(host, () => scan(host)), [
    "P CLEAR [1,2)",
    "P CLEAR [0,1)",
    "P CLEAR [0,1)",
    "P CLEAR [2,3)",
    "P CLEAR [2,3)",
  ]);
  assertEquals(windows(host, () => scan(host)), []);
});

Deno.test("a page that changes between rounds is volatile until it rests for a round", () => {
  const { host, mm } = mergeable([5, 6]);
  scan(host);
  for (const value of [7, 8]) {
    write(mm, 1, 1, value);
    assertEquals(scan(host), [0, 0, 1, 1]);
  }
  assertEquals(scan(host), [0, 0, 2, 0]);
});

Deno.test("counters lag behind a write until ksmd visits the page again", () => {
  const { host, mm } = mergeable([5, 5, 5]);
  scan(host, 2);
  write(mm, 0, 1, 9);
  assertEquals([counters(host), framesOf(mm, 3)], [[1, 2, 0, 0], 2]);
  assertEquals(scan(host), [1, 1, 0, 1]);
  assertEquals(scan(host), [1, 1, 1, 0]);
});

Deno.test("counters lag behind munmap until ksmd passes, not behind an exit", () => {
  const { host, mm } = mergeable([5, 5, 5]);
  scan(host, 2);
  drain(munmap(mm, at(0), PAGE_SIZE));
  assertEquals(counters(host), [1, 2, 0, 0]);
  assertEquals(scan(host), [1, 1, 0, 0]);
  drain(exitMm(mm));
  assertEquals([counters(host), host.ksm.rmap_items], [[0, 0, 0, 0], 0]);
});

/** Equal pages, the limit, and what they come to: nodes, further items, pages left alone. */
const SHARING = [
  [2, 2, [1, 1, 0, 0]],
  [3, 2, [1, 1, 1, 0]],
  [4, 2, [2, 2, 0, 0]],
  [5, 2, [2, 2, 1, 0]],
  [6, 3, [2, 4, 0, 0]],
  [7, 3, [2, 4, 1, 0]],
  [8, 3, [3, 5, 0, 0]],
  [300, 256, [2, 298, 0, 0]],
  [257, 256, [1, 255, 1, 0]],
] as const;

Deno.test("a KSM page takes max_page_sharing items, then the next pair makes another", () => {
  for (const [pages, limit, expected] of SHARING) {
    const { host, mm } = mergeable(new Array(pages).fill(5));
    host.ksm.knobs.max_page_sharing = limit;
    assertEquals(scan(host, 3), [...expected], `${pages} pages, at most ${limit}`);
    assertEquals(framesOf(mm, pages), expected[0] + expected[2]);
    const dups = expected[0] > 1 ? expected[0] : 0;
    const { stable_node_chains, stable_node_dups } = host.ksm;
    assertEquals([stable_node_chains, stable_node_dups], [dups > 0 ? 1 : 0, dups]);
  }
});

Deno.test("empty pages become the zero page with use_zero_pages, in no counter", () => {
  for (const [knob, expected, anon] of [[0, [1, 1, 0, 0], 2], [1, [0, 0, 0, 2], 0]] as const) {
    const { host, mm } = mergeable([0, 0]);
    host.ksm.knobs.use_zero_pages = knob;
    assertEquals([scan(host, 2), mm.anonPages], [[...expected], anon]);
    assertEquals([mm.pageTable.pfnAt(at(0)) === 0, read(mm, 0, 1)], [knob === 1, 0]);
  }
});

Deno.test("items of pages that became the zero page go when ksmd passes", () => {
  const { host } = mergeable([0, 0, 5]);
  host.ksm.knobs.use_zero_pages = 1;
  assertEquals(scan(host, 2), [0, 0, 1, 2]);
  assertEquals([scan(host), host.ksm.rmap_items], [[0, 0, 1, 0], 1]);
});

Deno.test("unmerging copies every KSM page once and forgets everything", () => {
  const { host, mm } = mergeable([5, 5, 5, 6]);
  scan(host, 2);
  const events = windows(host, () => drain(ksmUnmergeAll(host)));
  assertEquals(events, ["P CLEAR [0,1)", "P CLEAR [1,2)", "P CLEAR [2,3)"]);
  assertEquals([counters(host), host.ksm.full_scans], [[0, 0, 0, 0], 0]);
  assertEquals([framesOf(mm, 4), host.vmstat.cow_ksm, read(mm, 2, 1)], [4, 3, 5]);
});

Deno.test("merging starts over after unmerging", () => {
  const { host } = mergeable([5, 5]);
  scan(host, 2);
  drain(ksmUnmergeAll(host));
  assertEquals([scan(host), scan(host)], [[0, 0, 0, 2], [1, 1, 0, 0]]);
});

Deno.test("UNMERGEABLE breaks the pages at once; items stay until ksmd's next visit", () => {
  const { host, mm } = mergeable([5, 5, 5]);
  scan(host, 2);
  advise(mm, 0, 1, "UNMERGEABLE");
  assertEquals([framesOf(mm, 3), counters(host)], [2, [1, 2, 0, 0]]);
  assertEquals([scan(host), host.ksm.rmap_items], [[1, 1, 0, 0], 2]);
});

Deno.test("a forced break copies even the last sharer of a KSM page", () => {
  const { host, mm } = mergeable([5, 5]);
  scan(host, 2);
  write(mm, 0, 1, 6);
  const pfn = mm.pageTable.pfnAt(at(1));
  advise(mm, 1, 1, "UNMERGEABLE");
  assertEquals([mm.pageTable.pfnAt(at(1)) === pfn, host.vmstat.pgreuse], [false, 0]);
});

Deno.test("pages without access are broken out on v5.2, and not found on v6.1", () => {
  for (const [kernel, frames] of [["v5.2", 2], ["v6.1", 1]] as const) {
    const { host, mm } = mergeable([5, 5], kernel);
    scan(host, 2);
    drain(mprotect(mm, at(0), 2 * PAGE_SIZE, 0));
    advise(mm, 0, 2, "UNMERGEABLE");
    assertEquals(framesOf(mm, 2), frames, kernel);
  }
});

Deno.test("pages without access are merged on v5.2, and passed over on v6.1", () => {
  for (const [kernel, shared] of [["v5.2", 1], ["v6.1", 0]] as const) {
    const { host, mm } = mergeable([5, 5], kernel);
    drain(mprotect(mm, at(0), 2 * PAGE_SIZE, 0));
    assertEquals(scan(host, 2)[0], shared, kernel);
  }
});

Deno.test("pages that userfaultfd protects against writes stay shared when unmerged", () => {
  const { host, mm } = mergeable([5, 5, 5], "v6.1");
  scan(host, 2);
  drain(uffdRegister(mm, at(0), 2 * PAGE_SIZE, "wp"));
  drain(uffdWriteprotect(mm, at(0), 2 * PAGE_SIZE, true));
  advise(mm, 0, 3, "UNMERGEABLE");
  assertEquals(framesOf(mm, 2), 1, "protected");
  assertEquals(framesOf(mm, 3), 2, "the third is not protected");
});

Deno.test("a pinned page gives a window each round and no merge (B-18)", () => {
  for (const kernel of ["v5.2", "v6.1"]) {
    const { host, mm } = mergeable([5, 5], kernel);
    const pinned = drain(pinUserPage(mm, at(1)));
    scan(host);
    for (let round = 0; round < 3; round++) {
      assertEquals(windows(host, () => scan(host)), ["P CLEAR [1,2)"], kernel);
      assertEquals([host.ksm.pages_shared, mm.pageTable.pfnAt(at(1))], [0, pinned]);
    }
  }
});

Deno.test("a pinned partner costs the scanned page a copy each round, too (B-18)", () => {
  const { host, mm } = mergeable([5, 5]);
  const pinned = drain(pinUserPage(mm, at(0)));
  scan(host);
  const events = windows(host, () => assertEquals(scan(host).slice(0, 2), [0, 0]));
  assertEquals(events, ["P CLEAR [1,2)", "P CLEAR [0,1)", "P CLEAR [1,2)"]);
  assertEquals([mm.pageTable.pfnAt(at(0)), host.vmstat.cow_ksm], [pinned, 1]);
});

Deno.test("a child's inherited KSM page is linked when ksmd gets to it", () => {
  const { host, mm } = mergeable([5, 5]);
  scan(host, 2);
  const child = drain(fork(mm, "C"));
  assertEquals(counters(host), [1, 1, 0, 0]);
  assertEquals([scan(host), framesOf(child, 2)], [[1, 3, 0, 0], 1]);
});

Deno.test("only written pages that are present count as candidates", () => {
  const { host, mm } = mergeable([5, 6, 7, 8]);
  advise(mm, 0, 2, "DONTNEED");
  read(mm, 1, 1);
  swapOut(mm, 2);
  scan(host);
  assertEquals(host.ksm.rmap_items, 1);
});

Deno.test("a batch ends after its pages and goes on where it stopped", () => {
  const { host } = mergeable([1, 2, 3, 4, 5]);
  assertEquals([drain(ksmDoScan(host, 2)), host.ksm.rmap_items], [2, 2]);
  assertEquals([drain(ksmDoScan(host, 2)), host.ksm.rmap_items], [2, 4]);
  assertEquals(drain(ksmDoScan(host, 100)), 1);
  assertEquals([host.ksm.rmap_items, host.ksm.full_scans], [5, 1]);
});

Deno.test("whatever the contents, resting pages end as one frame for each value", () => {
  const values = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 12 });
  const property = fc.property(values, (contents) => {
    const { host, mm } = mergeable(contents);
    const shared = [...new Set(contents)]
      .map((value) => contents.filter((other) => other === value).length)
      .filter((count) => count > 1);
    const sharing = shared.reduce((sum, count) => sum + count - 1, 0);
    const rest = contents.length - shared.length - sharing;
    assertEquals(scan(host, 3), [shared.length, sharing, rest, 0]);
    assertEquals(framesOf(mm, contents.length), new Set(contents).size);
    assertEquals(contents.map((_, page) => read(mm, page, 1)), contents);
  });
  fc.assert(property, { numRuns: 40 });
});
