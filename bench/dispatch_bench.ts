/**
 * What one invalidation window costs: start and end of one page, delivered to one listener that
 * has registered many ranges.
 *
 * Run it with `deno bench bench/dispatch_bench.ts`. Groups differ in what the window meets.
 */

import { PAGE_SIZE } from "../lib/kernel/address.ts";
import { drain } from "../lib/kernel/operation.ts";
import { Rng } from "../lib/kernel/rng.ts";
import { KvmListener } from "../lib/listeners/kvm.ts";
import { OdpListener } from "../lib/listeners/odp.ts";
import { resolvePolicy } from "../lib/listeners/policy.ts";
import { NO_LEAF, RangeIndex } from "../lib/listeners/range_index.ts";
import { mmuNotifierRegister, type NotifierMm } from "../lib/notifier/chain.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../lib/notifier/dispatch.ts";
import {
  MMU_NOTIFY_CLEAR,
  type MmuNotifierRange,
  mmuNotifierRangeInit,
} from "../lib/notifier/range.ts";
import { BASE, mappedPages, STRIDE } from "./user_pages.ts";

const WINDOWS = 1024;
const COUNTS = [1_000, 10_000, 100_000];

/** One-page windows at random places; `hit` puts them into registered ranges or between them. */
function windows(mm: NotifierMm, count: number, hit: boolean): MmuNotifierRange[] {
  const rng = new Rng(1);
  return Array.from({ length: WINDOWS }, () => {
    const start = BASE + rng.below(count) * STRIDE + (hit ? 0 : STRIDE / 2);
    return mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, null, mm, start, start + PAGE_SIZE);
  });
}

function benchWindows(group: string, name: string, ranges: readonly MmuNotifierRange[]): void {
  let at = 0;
  Deno.bench({
    name,
    group,
    fn: () => {
      const range = ranges[at++ % WINDOWS];
      mmuNotifierInvalidateRangeStart(range);
      mmuNotifierInvalidateRangeEnd(range);
    },
  });
}

for (const count of COUNTS) {
  for (const hit of [true, false]) {
    const user = mappedPages();
    const nic = new OdpListener({ name: "nic", user, policy: resolvePolicy("odp", "legacy") });
    mmuNotifierRegister(nic.ops, user.mm);
    for (let n = 0; n < count; n++) drain(nic.regMr(BASE + n * STRIDE, 1, true));
    const what = hit ? "into one MR" : "between MRs";
    benchWindows(`odp, ${what}`, `${count} MRs`, windows(user.mm, count, hit));
  }
}

for (const count of COUNTS) {
  const user = mappedPages();
  const nic = new OdpListener({ name: "nic", user, policy: resolvePolicy("odp", "legacy") });
  mmuNotifierRegister(nic.ops, user.mm);
  for (let n = 0; n < count; n++) {
    drain(nic.regMr(BASE + n * STRIDE, 1, true));
    drain(nic.rdmaRead(BASE + n * STRIDE, 1));
  }
  benchWindows("odp, into one MR of many used", `${count} MRs`, windows(user.mm, count, true));
}

for (const count of COUNTS) {
  const user = mappedPages();
  const vm = new KvmListener({ name: "vm", user, policy: resolvePolicy("kvm", "legacy") });
  mmuNotifierRegister(vm.ops, user.mm);
  for (let n = 0; n < count; n++) vm.addMemslot(n * STRIDE, BASE + n * STRIDE, 1);
  // One entry a block, so that the table has leaves and the windows meet entries at first.
  for (let n = 0; n < count; n += 32) drain(vm.guestRead(BASE + n * STRIDE, 1));
  benchWindows("kvm, into memslots", `${count} memslots`, windows(user.mm, count, true));
}

for (const count of COUNTS) {
  const user = mappedPages();
  const nic = new OdpListener({ name: "nic", user, policy: resolvePolicy("odp", "legacy") });
  mmuNotifierRegister(nic.ops, user.mm);
  const rng = new Rng(2);
  for (let n = 0; n < count; n++) {
    const pages = 1 + rng.below(64);
    drain(nic.regMr(BASE + rng.below(count) * STRIDE, pages, true));
  }
  benchWindows("odp, about 2 overlapping MRs hit", `${count} MRs`, windows(user.mm, count, true));
}

/** One page to register. */
function place(n: number) {
  return { start: n * STRIDE, end: n * STRIDE + PAGE_SIZE, leaf: NO_LEAF };
}

for (const count of COUNTS) {
  Deno.bench({
    name: `register ${count} ranges`,
    group: "range index",
    n: 20,
    fn: () => {
      const index = new RangeIndex();
      for (let n = 0; n < count; n++) index.add(place(n));
    },
  });
}

for (const count of COUNTS) {
  const index = new RangeIndex();
  const places = Array.from({ length: count }, (_, n) => place(n));
  for (const range of places) index.add(range);
  const rng = new Rng(3);
  Deno.bench({
    name: `drop and add one of ${count} ranges`,
    group: "range index, churn",
    fn: () => {
      const n = rng.below(count);
      index.remove(places[n]);
      index.add(places[n]);
    },
  });
}

const PAGES = 1 << 20;
{
  const user = mappedPages();
  const vm = new KvmListener({ name: "vm", user, policy: resolvePolicy("kvm", "legacy") });
  vm.addMemslot(0, BASE, PAGES);
  drain(vm.guestWrite(BASE, PAGES, () => 1));
  Deno.bench({
    name: "guest write hits, 1M pages",
    group: "guest access",
    fn: () => void drain(vm.guestWrite(BASE, PAGES, (page) => page)),
  });
  Deno.bench({
    name: "guest read hits, 1M pages",
    group: "guest access",
    fn: () => void drain(vm.guestRead(BASE, PAGES)),
  });
  Deno.bench({
    name: "guest write faults, 1M pages",
    group: "guest access",
    fn: (bench) => {
      vm.removeMemslot(0);
      vm.addMemslot(0, BASE, PAGES);
      bench.start();
      drain(vm.guestWrite(BASE, PAGES, (page) => page));
      bench.end();
    },
  });
}
