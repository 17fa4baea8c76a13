/**
 * Switches of reclaim, swap, migration, NUMA hinting, files and breakpoints.
 *
 * @module
 */

import { TRACE_VMA } from "../../../lib/kernel/trace.ts";
import { Host } from "../../../lib/mm/host.ts";
import { migrateToDevice } from "../../../lib/mm/migrate_vma.ts";
import { mmuNotifierRegister } from "../../../lib/notifier/chain.ts";
import { WINDOW_EVENT_NAMES } from "../../../lib/notifier/range.ts";
import { drain } from "../../../lib/kernel/operation.ts";
import { ERRNO } from "../../../lib/kernel/errno.ts";
import { getUserPageFast, pinUserPage } from "../../../lib/mm/gup.ts";
import { isolateLruPage } from "../../../lib/mm/migrate.ts";
import { movePages } from "../../../lib/mm/move_pages.ts";
import { taskNumaWork } from "../../../lib/mm/numa.ts";
import {
  PG_ACTIVE,
  PG_REFERENCED,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_PROTNONE,
} from "../../../lib/mm/flags.ts";
import { tryToFreePages } from "../../../lib/mm/shrink_lruvec.ts";
import { ftruncate } from "../../../lib/mm/truncate.ts";
import { uprobeRegister, uprobeUnregister } from "../../../lib/mm/uprobes.ts";
import { VM_EXEC, VM_READ } from "../../../lib/mm/vma.ts";
import { shrinkFolioList } from "../../../lib/mm/vmscan.ts";
import { advise, at, heard, moveAway, read, swapOut, write } from "../reclaim_setup.ts";
import { anonymous, type Differences, emptyProcess, map } from "./difference.ts";
import { flagsOf } from "../file_fixture.ts";

/** Differences by switch. */
export const RECLAIM: Differences = {
  anonWorkingset: {
    shows: "what reclaim does with an anonymous page that was used once",
    base: "v6.1",
    results: [[false, "activate"], [true, "keep"]],
    program(profile) {
      const { host, mm } = anonymous(profile);
      const pfn = mm.pageTable.pfnAt(at(0));
      isolateLruPage(host, pfn);
      return drain(shrinkFolioList(host, [pfn])).kept[0].verdict;
    },
  },
  reclaimSkipsPinned: {
    shows: "what reclaim does with a pinned page",
    base: "v6.1",
    results: [[false, "activate"], [true, "keep"]],
    program(profile) {
      const { host, mm } = anonymous(profile);
      const pfn = drain(pinUserPage(mm, at(0)));
      mm.pageTable.lookup(at(0))!.flags[0] &= PTE_PRESENT;
      isolateLruPage(host, pfn);
      return drain(shrinkFolioList(host, [pfn])).kept[0].verdict;
    },
  },
  unmapChecksYoung: {
    shows: "how often devices are asked for the young bit of a page that is swapped out",
    base: "v5.2",
    results: [[false, 1], [true, 2]],
    program(profile) {
      const { host, mm } = anonymous(profile);
      return heard(host, () => swapOut(mm, 0)).filter((line) => line === "P young [0,1)").length;
    },
  },
  reclaimForcesDeactivation: {
    shows: "swapped pages, if the inactive list is the longer one and all of it is pinned",
    base: "v6.1",
    results: [[false, 0], [true, 2]],
    program(profile) {
      const { host, mm } = anonymous(profile, 6);
      for (let page = 0; page < 4; page++) {
        host.frames.flags[drain(pinUserPage(mm, at(page)))] &= ~(PG_ACTIVE | PG_REFERENCED);
      }
      host.lru.drain(false);
      for (let round = 0; round < 2; round++) drain(tryToFreePages(host, 1));
      return mm.swapEntries;
    },
  },
  lazyfreeKeepsReferenced: {
    shows: "whether a lazily free page that a driver holds stays mapped",
    base: "v6.1",
    results: [[false, false], [true, true]],
    program(profile) {
      const { host, mm } = anonymous(profile);
      advise(mm, 0, 1, "FREE");
      host.lruBatches.drain();
      getUserPageFast(mm, at(0), false);
      swapOut(mm, 0);
      return (flagsOf(mm, 0) & PTE_PRESENT) !== 0;
    },
  },
  zapDetailsKeepSwap: {
    shows: "swapped private copies of a file's pages that outlive its truncation",
    base: "v6.1",
    results: [[false, 0], [true, 1]],
    program(profile) {
      const { host, mm } = emptyProcess(profile);
      const file = host.createFile("file", "/mnt/data", 1);
      map(mm, 0, 1, { file });
      write(mm, 0, 1, 1);
      swapOut(mm, 0);
      drain(ftruncate(host, file, 0));
      return mm.swapEntries;
    },
  },
  migrationKeepsDirty: {
    shows: "whether the entry of a migrated page is dirty",
    base: "v6.1",
    results: [[false, false], [true, true]],
    program(profile) {
      const { mm } = anonymous(profile);
      moveAway(mm, 1);
      return (flagsOf(mm, 0) & PTE_DIRTY) !== 0;
    },
  },
  migrateVmaEvent: {
    shows: "windows of a page that goes to a device, whose hole beside is filled",
    base: "v6.1",
    results: [
      [false, ["CLEAR without a vma", "CLEAR without a vma"]],
      [true, ["MIGRATE with a vma", "MIGRATE with a vma"]],
    ],
    program(profile) {
      const host = new Host({ profile, memory: 2 ** 20, devicePages: 8 });
      const mm = host.createMm("P");
      mmuNotifierRegister({ name: "listener" }, mm);
      map(mm, 0, 2);
      write(mm, 0, 1, 1);
      const from = host.trace.length;
      drain(migrateToDevice(mm.vmaAt(at(0))!, at(0), at(2), true));
      return [...host.trace.records(from)]
        .filter(({ kind }) => kind === "invalidate_range_start")
        .map(({ event, flags }) => {
          const vma = (flags & TRACE_VMA) === 0 ? "without" : "with";
          return `${WINDOW_EVENT_NAMES[event]} ${vma} a vma`;
        });
    },
  },
  followPageFollowsProtnone: {
    shows: "the status of a page that a NUMA scan has hidden",
    base: "v6.1",
    results: [[false, [-ERRNO.ENOENT]], [true, [0]]],
    program(profile) {
      const { mm } = anonymous(profile);
      moveAway(mm, 1);
      drain(taskNumaWork(mm));
      return drain(movePages(mm, [{ addr: at(0), node: 0 }], true)).status;
    },
  },
  movePagesCountsRest: {
    shows: "pages not moved, the first of three being pinned",
    base: "v6.1",
    results: [[false, 1], [true, 3]],
    program(profile) {
      const { mm } = anonymous(profile, 3);
      drain(pinUserPage(mm, at(0)));
      const moves = [1, 0, 0].map((node, page) => ({ addr: at(page), node }));
      return drain(movePages(mm, moves, true)).result;
    },
  },
  numaSkipsReferenced: {
    shows: "whether a NUMA scan hides a page that a driver holds",
    base: "v6.1",
    results: [[false, true], [true, false]],
    program(profile) {
      const { mm } = anonymous(profile);
      moveAway(mm, 1);
      getUserPageFast(mm, at(0), false);
      drain(taskNumaWork(mm));
      return (flagsOf(mm, 0) & PTE_PROTNONE) !== 0;
    },
  },
  uprobeDropsCopy: {
    shows: "whether a page stays mapped when its last breakpoint goes",
    base: "v6.1",
    results: [[false, true], [true, false]],
    program(profile) {
      const { host, mm } = emptyProcess(profile);
      const file = host.createFile("file", "/mnt/code", 1);
      map(mm, 0, 1, { file, prot: VM_READ | VM_EXEC });
      read(mm, 0, 1);
      drain(uprobeRegister(host, file, 16));
      drain(uprobeUnregister(host, file, 16));
      return flagsOf(mm, 0) !== 0;
    },
  },
};
