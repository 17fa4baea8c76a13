/**
 * Switches of the chain, of faults, fork, pins, clear_refs and mappings.
 *
 * @module
 */

import { PAGE_SIZE, PUD_SIZE } from "../../../lib/kernel/address.ts";
import { ERRNO } from "../../../lib/kernel/errno.ts";
import { drain } from "../../../lib/kernel/operation.ts";
import { KernelBugError } from "../../../lib/kernel/violation.ts";
import { clearRefs } from "../../../lib/mm/clear_refs.ts";
import { exitMm, munmap } from "../../../lib/mm/mmap.ts";
import { fork } from "../../../lib/mm/fork.ts";
import { getUserPageFast, pinUserPage } from "../../../lib/mm/gup.ts";
import { ksmFullScans } from "../../../lib/mm/ksm.ts";
import { mlock } from "../../../lib/mm/mlock.ts";
import type { Mm } from "../../../lib/mm/mm_struct.ts";
import { mprotect } from "../../../lib/mm/mprotect.ts";
import { mremap } from "../../../lib/mm/mremap.ts";
import { oomReapTaskMm } from "../../../lib/mm/oom_kill.ts";
import { PTE_SOFT_DIRTY, PTE_WRITE } from "../../../lib/mm/flags.ts";
import { uffdRegister } from "../../../lib/mm/userfaultfd.ts";
import { VM_READ, VM_WRITE } from "../../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../../lib/notifier/chain.ts";
import { mmuNotifierRangeUseChangePte, WINDOW_EVENT_NAMES } from "../../../lib/notifier/range.ts";
import { smapsText } from "../../../lib/report/maps_text.ts";
import { windows } from "../huge_world.ts";
import { advise, at, fillMapCount, write } from "../reclaim_setup.ts";
import { anonymous, type Differences, map } from "./difference.ts";
import { flagsOf, frameOf } from "../file_fixture.ts";

const RW = VM_READ | VM_WRITE;

function protect(mm: Mm, page: number, pages: number, prot: number): void {
  drain(mprotect(mm, at(page), pages * PAGE_SIZE, prot));
}

function isWritable(mm: Mm, page: number): boolean {
  return (flagsOf(mm, page) & PTE_WRITE) !== 0;
}

/** Differences by switch. */
export const MEMORY: Differences = {
  eventContext: {
    shows: "what a listener is told of mprotect",
    base: "v5.2",
    results: [[false, ["UNMAP without a vma"]], [true, ["PROTECTION_VMA with a vma"]]],
    program(profile) {
      const { mm } = anonymous(profile);
      const told: string[] = [];
      mmuNotifierRegister({
        name: "curious",
        invalidateRangeStart({ event, vma }) {
          told.push(`${WINDOW_EVENT_NAMES[event]} ${vma === null ? "without" : "with"} a vma`);
          return 0;
        },
      }, mm);
      protect(mm, 0, 1, VM_READ);
      return told;
    },
  },
  changePteFlag: {
    shows: "whether a copy on write promises change_pte",
    base: "v5.2",
    results: [[false, [false]], [true, [true]]],
    program(profile) {
      const { mm } = anonymous(profile);
      drain(fork(mm, "C"));
      const promised: boolean[] = [];
      mmuNotifierRegister({
        name: "curious",
        invalidateRangeStart: (range) => (promised.push(mmuNotifierRangeUseChangePte(range)), 0),
      }, mm);
      write(mm, 0, 1, 2);
      return promised;
    },
  },
  pairEndOnFailure: {
    shows: "ends that a listener gets that had agreed to a window another one refused",
    base: "v5.2",
    results: [[false, 0], [true, 1]],
    program(profile) {
      const { mm } = anonymous(profile);
      let ends = 0;
      mmuNotifierRegister({
        name: "agrees",
        invalidateRangeStart: () => 0,
        invalidateRangeEnd: () => void ends++,
      }, mm);
      mmuNotifierRegister({ name: "refuses", invalidateRangeStart: () => -ERRNO.EAGAIN }, mm);
      drain(oomReapTaskMm(mm));
      return ends;
    },
  },
  warnsOnFailedStart: {
    shows: "lines of the log about a listener that fails in a blockable window",
    base: "v5.2",
    results: [
      [false, ["dev callback failed with EINTR in blockable context"]],
      [true, [
        "dev callback failed with EINTR in blockable context",
        "WARNING: mn_hlist_invalidate_range_start: dev must not fail so",
      ]],
    ],
    program(profile) {
      const { host, mm } = anonymous(profile);
      mmuNotifierRegister({ name: "dev", invalidateRangeStart: () => -ERRNO.EINTR }, mm);
      protect(mm, 0, 1, VM_READ);
      return host.logLines;
    },
  },
  cowReuse: {
    shows: "whether the last owner of a shared page that a driver holds keeps it on a write",
    base: "v5.2",
    results: [["mapcount", true], ["exclusive", false]],
    program(profile) {
      const { mm } = anonymous(profile);
      const child = drain(fork(mm, "C"));
      drain(exitMm(child));
      const pfn = getUserPageFast(mm, at(0), false);
      write(mm, 0, 1, 2);
      return frameOf(mm, 0) === pfn;
    },
  },
  reuseKsmPage: {
    shows: "windows of a write to a KSM page with one owner",
    base: "v5.2",
    results: [[false, ["CLEAR 1 2"]], [true, []]],
    program(profile) {
      const { host, mm } = anonymous(profile, 2);
      advise(mm, 0, 2, "MERGEABLE");
      drain(ksmFullScans(host, 3));
      advise(mm, 0, 1, "DONTNEED");
      return windows(mm, () => write(mm, 1, 1, 2));
    },
  },
  cowCopiesReferenced: {
    shows: "whether a page that a driver holds stays with its only mapping on a write",
    base: "v5.2",
    results: [[false, true], [true, false]],
    program(profile) {
      const { mm } = anonymous(profile);
      const pfn = getUserPageFast(mm, at(0), false);
      drain(clearRefs(mm, 4));
      write(mm, 0, 1, 2);
      return frameOf(mm, 0) === pfn;
    },
  },
  ksmZeroPageNullVma: {
    shows: "what ksmd says of an empty page whose mapping goes between scan and merge",
    base: "v5.2",
    results: [[false, "nothing"], [true, "try_to_merge_one_page"]],
    program(profile) {
      const { host, mm } = anonymous(profile);
      write(mm, 0, 1, 0);
      host.ksm.knobs.use_zero_pages = 1;
      advise(mm, 0, 1, "MERGEABLE");
      drain(ksmFullScans(host, 1));
      const scan = ksmFullScans(host, 1);
      while (scan.next().value !== "ptl_dropped");
      drain(munmap(mm, at(0), PAGE_SIZE));
      try {
        drain(scan);
      } catch (error) {
        if (error instanceof KernelBugError) return error.message.split(":")[0];
      }
      return "nothing";
    },
  },
  pinBias: {
    shows: "references of a page with a long-term pin",
    base: "v5.2",
    results: [[false, 2], [true, 1025]],
    program(profile) {
      const { host, mm } = anonymous(profile);
      return host.frames.refcount[drain(pinUserPage(mm, at(0)))];
    },
  },
  pinnedCopyOnFork: {
    shows: "whether a parent keeps its pinned page when it writes after fork",
    base: "v6.1",
    results: [[false, false], [true, true]],
    program(profile) {
      const { mm } = anonymous(profile);
      const pfn = drain(pinUserPage(mm, at(0)));
      drain(fork(mm, "C"));
      write(mm, 0, 1, 2);
      return frameOf(mm, 0) === pfn;
    },
  },
  clearRefsSkipsPinned: {
    shows: "whether a pinned page stays writable when dirty tracking restarts",
    base: "v6.1",
    results: [[false, false], [true, true]],
    program(profile) {
      const { mm } = anonymous(profile);
      drain(pinUserPage(mm, at(0)));
      drain(clearRefs(mm, 4));
      return isWritable(mm, 0);
    },
  },
  clearRefsWriteLocks: {
    shows: "whether faults of others wait for clear_refs",
    base: "v6.1",
    results: [[false, false], [true, true]],
    program(profile) {
      const { mm } = anonymous(profile);
      clearRefs(mm, 4).next();
      return mm.mmapLocked;
    },
  },
  clearRefsFlush: {
    shows: "callbacks of clear_refs 4",
    base: "v5.2",
    results: [
      ["gather", ["invalidate_range_start", "invalidate_range_end", "invalidate_range"]],
      ["explicit", ["invalidate_range_start", "invalidate_range_end"]],
    ],
    program(profile) {
      const { host, mm } = anonymous(profile);
      const from = host.trace.length;
      drain(clearRefs(mm, 4));
      return [...host.trace.records(from)].map(({ kind }) => kind);
    },
  },
  vmaSplitClear: {
    shows: "windows of mprotect of a page inside a larger mapping of small pages",
    base: "v5.2",
    results: [[false, ["PROTECTION_VMA 3 4"]], [true, ["CLEAR 0 512", "PROTECTION_VMA 3 4"]]],
    program(profile) {
      const { mm } = anonymous(profile, 512, 8);
      return windows(mm, () => protect(mm, 3, 1, VM_READ));
    },
  },
  mprotectUpgradesWritable: {
    shows: "whether mprotect makes a written page writable again at once",
    base: "v6.1",
    results: [[false, false], [true, true]],
    program(profile) {
      const { mm } = anonymous(profile);
      protect(mm, 0, 1, VM_READ);
      protect(mm, 0, 1, RW);
      return isWritable(mm, 0);
    },
  },
  mprotectSoftDirtyInverted: {
    shows: "whether mprotect makes a page writable whose next write has to be noticed",
    base: "v6.1",
    results: [[false, false], [true, true]],
    program(profile) {
      const { mm } = anonymous(profile);
      drain(clearRefs(mm, 4));
      protect(mm, 0, 1, VM_READ);
      protect(mm, 0, 1, RW);
      return isWritable(mm, 0);
    },
  },
  mremapTableKeepsSoftDirty: {
    shows: "whether a page that moved with its whole table is soft-dirty",
    base: "v6.1",
    results: [[false, true], [true, false]],
    program(profile) {
      const { mm } = anonymous(profile, 512, 1);
      drain(clearRefs(mm, 4));
      const length = 512 * PAGE_SIZE;
      drain(mremap(mm, at(0), length, length, { mayMove: true, fixed: at(1024) }));
      return (flagsOf(mm, 1024) & PTE_SOFT_DIRTY) !== 0;
    },
  },
  mremapMovesPud: {
    shows: "whether an aligned move of 1 GiB takes its PMD table along",
    base: "v6.1",
    results: [[false, false], [true, true]],
    program(profile) {
      const { mm } = anonymous(profile, PUD_SIZE / PAGE_SIZE, 1);
      const table = mm.pageTable.pmd(at(0));
      const fixed = at(0) + 2 * PUD_SIZE;
      drain(mremap(mm, at(0), PUD_SIZE, PUD_SIZE, { mayMove: true, fixed }));
      return mm.pageTable.pmd(fixed) === table;
    },
  },
  mremapDontunmap: {
    shows: "the answer to MREMAP_DONTUNMAP",
    base: "v6.1",
    results: [[false, -ERRNO.EINVAL], [true, at(100)]],
    program(profile) {
      const { mm } = anonymous(profile);
      const options = { mayMove: true, fixed: at(100), dontUnmap: true };
      return drain(mremap(mm, at(0), PAGE_SIZE, PAGE_SIZE, options));
    },
  },
  mremapGrowMerges: {
    shows: "mappings after one of two has grown up to the other",
    base: "v6.1",
    results: [[false, 2], [true, 1]],
    program(profile) {
      const { mm } = anonymous(profile, 2, 0);
      map(mm, 4, 2);
      drain(mremap(mm, at(0), 2 * PAGE_SIZE, 4 * PAGE_SIZE));
      return mm.vmas.length;
    },
  },
  mmapJoinsNextFirst: {
    shows: "pages of the lower of two mappings that cannot join, after the hole between was mapped",
    base: "v6.1",
    results: [[false, 2], [true, 1]],
    program(profile) {
      const { mm } = anonymous(profile, 1);
      map(mm, 2, 1);
      write(mm, 2, 1, 1);
      map(mm, 1, 1);
      return mm.vmas[0].pages;
    },
  },
  madvPageout: {
    shows: "the answer to MADV_PAGEOUT",
    base: "v6.1",
    results: [[false, -ERRNO.EINVAL], [true, 0]],
    program: (profile) => advise(anonymous(profile).mm, 0, 1, "PAGEOUT"),
  },
  madvisePopulate: {
    shows: "the answer to MADV_POPULATE_WRITE",
    base: "v6.1",
    results: [[false, -ERRNO.EINVAL], [true, 0]],
    program: (profile) => advise(anonymous(profile, 1, 0).mm, 0, 1, "POPULATE_WRITE"),
  },
  madviseDontneedLocked: {
    shows: "the answer to MADV_DONTNEED_LOCKED",
    base: "v6.1",
    results: [[false, -ERRNO.EINVAL], [true, 0]],
    program(profile) {
      const { mm } = anonymous(profile);
      drain(mlock(mm, at(0), PAGE_SIZE));
      return advise(mm, 0, 1, "DONTNEED_LOCKED");
    },
  },
  madviseSaysAgain: {
    shows: "the answer to advice that would make one mapping too many",
    base: "v6.1",
    results: [[false, -ERRNO.ENOMEM], [true, -ERRNO.EAGAIN]],
    program(profile) {
      const { mm } = anonymous(profile, 2);
      fillMapCount(mm);
      return advise(mm, 0, 1, "DONTFORK");
    },
  },
  uffdWp: {
    shows: "the answer to a userfaultfd that wants to protect against writes",
    base: "v6.1",
    results: [[false, -ERRNO.EINVAL], [true, 0]],
    program: (profile) => drain(uffdRegister(anonymous(profile).mm, at(0), PAGE_SIZE, "wp")),
  },
  smapsPssDirty: {
    shows: "what smaps says of a dirty page that two processes share",
    base: "v6.1",
    results: [[false, []], [true, ["Pss_Dirty:             2 kB"]]],
    program(profile) {
      const { mm } = anonymous(profile);
      drain(fork(mm, "C"));
      return smapsText(mm).split("\n").filter((line) => line.startsWith("Pss_"));
    },
  },
  smapsFilePmdMapped: {
    shows: "what smaps says of huge pages of files",
    base: "v6.1",
    results: [[false, []], [true, ["FilePmdMapped:         0 kB"]]],
    program(profile) {
      const { mm } = anonymous(profile);
      return smapsText(mm).split("\n").filter((line) => line.startsWith("FilePmd"));
    },
  },
  oomReapsLocked: {
    shows: "locked pages that the oom reaper leaves",
    base: "v6.1",
    results: [[false, 1], [true, 0]],
    program(profile) {
      const { mm } = anonymous(profile);
      drain(mlock(mm, at(0), PAGE_SIZE));
      drain(oomReapTaskMm(mm));
      return mm.anonPages;
    },
  },
};
