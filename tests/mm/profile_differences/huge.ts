/**
 * Switches of huge pages and hugetlbfs.
 *
 * @module
 */

import { PMD_SIZE } from "../../../lib/kernel/address.ts";
import { ERRNO } from "../../../lib/kernel/errno.ts";
import { drain } from "../../../lib/kernel/operation.ts";
import type { KernelProfile } from "../../../lib/kernel/profile.ts";
import type { AddressSpace } from "../../../lib/mm/filemap.ts";
import { fork } from "../../../lib/mm/fork.ts";
import { Host } from "../../../lib/mm/host.ts";
import { khugepagedFullScan } from "../../../lib/mm/khugepaged.ts";
import type { Mm } from "../../../lib/mm/mm_struct.ts";
import { mremap } from "../../../lib/mm/mremap.ts";
import { taskNumaWork } from "../../../lib/mm/numa.ts";
import { punchHole } from "../../../lib/mm/truncate.ts";
import { mmuNotifierRegister } from "../../../lib/notifier/chain.ts";
import { siteName } from "../../../lib/notifier/range.ts";
import { hugeProcess, isHuge, read, windows, write } from "../huge_world.ts";
import { advise, at } from "../reclaim_setup.ts";
import { type Differences, emptyProcess, map } from "./difference.ts";

interface World {
  readonly host: Host;
  readonly mm: Mm;
}

/** A block with a few small pages that may be collapsed. */
function smallPages(profile: KernelProfile): World {
  const { host, mm } = hugeProcess(profile);
  advise(mm, 0, 1024, "NOHUGEPAGE");
  for (let page = 0; page < 4; page++) write(mm, page);
  advise(mm, 0, 1024, "HUGEPAGE");
  return { host, mm };
}

/** A memory file of one block, mapped shared; huge pages are allowed from then on. */
function memoryFile(profile: KernelProfile, smallOnes: number): World & { file: AddressSpace } {
  const { host, mm } = emptyProcess(profile);
  const file = host.createFile("shmem", "/memfd:huge", 512);
  map(mm, 0, 512, { file, shared: true });
  for (let page = 0; page < smallOnes; page++) write(mm, page);
  host.thp.shmemEnabled = "advise";
  advise(mm, 0, 512, "HUGEPAGE");
  return { host, mm, file };
}

/** Two blocks of hugetlbfs. */
function hugetlb(profile: KernelProfile): Mm {
  const host = new Host({ profile, memory: 64 * 2 ** 20 });
  host.hugetlb.grow(4);
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  map(mm, 0, 1024, { file: host.createFile("hugetlb", "/memfd:huge", 1024) });
  return mm;
}

/** Differences by switch. */
export const HUGE: Differences = {
  thpCow: {
    shows: "windows of a write to a huge page that fork has shared, and whether it stays huge",
    base: "v5.2",
    results: [
      ["copy", [["CLEAR 0 512"], true]],
      ["split", [["CLEAR 0 512", "CLEAR 0 1"], false]],
    ],
    program(profile) {
      const { mm } = hugeProcess(profile);
      write(mm, 0);
      drain(fork(mm, "C"));
      return [windows(mm, () => write(mm, 0, 2)), isHuge(mm, 0)];
    },
  },
  madviseCollapse: {
    shows: "the answer to MADV_COLLAPSE",
    base: "v6.1",
    results: [[false, -ERRNO.EINVAL], [true, 0]],
    program: (profile) => advise(smallPages(profile).mm, 0, 512, "COLLAPSE"),
  },
  collapseShared: {
    shows: "whether a block with pages that fork has shared collapses",
    base: "v6.1",
    results: [[false, false], [true, true]],
    program(profile) {
      const { mm } = smallPages(profile);
      drain(fork(mm, "C"));
      write(mm, 0, 2);
      advise(mm, 0, 512, "COLLAPSE");
      return isHuge(mm, 0);
    },
  },
  collapseNeedsHalfYoung: {
    shows: "whether khugepaged collapses a block of which four pages are used",
    base: "v6.1",
    results: [[false, true], [true, false]],
    program(profile) {
      const { host, mm } = smallPages(profile);
      drain(khugepagedFullScan(host));
      return isHuge(mm, 0);
    },
  },
  collapseUnmapsByRmap: {
    shows: "who unmaps a page of a file that is collapsed",
    base: "v6.1",
    results: [[false, "zap_page_range_single"], [true, "try_to_unmap_one"]],
    program(profile) {
      const { host, mm } = memoryFile(profile, 1);
      const from = host.trace.length;
      advise(mm, 0, 512, "COLLAPSE");
      const first = [...host.trace.records(from)].find(({ kind }) =>
        kind === "invalidate_range_start"
      );
      return siteName(first?.site ?? 0);
    },
  },
  retractNotifies: {
    shows: "windows of a file's collapse",
    base: "v6.1",
    results: [[false, ["CLEAR 0 1"]], [true, ["CLEAR 0 1", "CLEAR 0 512"]]],
    program(profile) {
      const { mm } = memoryFile(profile, 1);
      return windows(mm, () => advise(mm, 0, 512, "COLLAPSE"));
    },
  },
  truncateSplitsHuge: {
    shows: "pages left of a file's huge page with a hole of four pages",
    base: "v6.1",
    results: [[false, 512], [true, 508]],
    program(profile) {
      const { host, mm, file } = memoryFile(profile, 0);
      write(mm, 0);
      drain(punchHole(host, file, 8, 12));
      return file.cache.size;
    },
  },
  numaThpNotifies: {
    shows: "windows of an access that brings a misplaced huge page over",
    base: "v6.1",
    results: [[false, []], [true, ["CLEAR 0 512"]]],
    program(profile) {
      const { host, mm } = emptyProcess(profile);
      map(mm, 0, 512);
      advise(mm, 0, 512, "HUGEPAGE");
      host.frames.localNode = 1;
      write(mm, 0);
      host.frames.localNode = 0;
      drain(taskNumaWork(mm));
      return windows(mm, () => read(mm, 0));
    },
  },
  hugetlbDontneed: {
    shows: "the answer to MADV_DONTNEED of hugetlb memory",
    base: "v6.1",
    results: [[false, -ERRNO.EINVAL], [true, 0]],
    program: (profile) => advise(hugetlb(profile), 0, 512, "DONTNEED"),
  },
  zapWidensHugetlb: {
    shows: "windows of MADV_DONTNEED of one of 512 shared huge pages of hugetlbfs",
    base: "v6.1",
    results: [
      [false, ["CLEAR 512 1024", "UNMAP 0 262144"]],
      [true, ["CLEAR 0 262144", "UNMAP 0 262144"]],
    ],
    program(profile) {
      const host = new Host({ profile, memory: 1032 * 2 ** 20 });
      host.hugetlb.grow(512);
      const mm = host.createMm("P");
      mmuNotifierRegister({ name: "listener" }, mm);
      const file = host.createFile("hugetlb", "/memfd:huge", 2 ** 18);
      map(mm, 0, 2 ** 18, { file, shared: true });
      return windows(mm, () => void advise(mm, 512, 512, "DONTNEED"));
    },
  },
  hugetlbMremap: {
    shows: "the answer to a move of hugetlb memory",
    base: "v6.1",
    results: [[false, -ERRNO.EINVAL], [true, at(2048)]],
    program(profile) {
      const options = { mayMove: true, fixed: at(2048) };
      return drain(mremap(hugetlb(profile), at(0), PMD_SIZE, PMD_SIZE, options));
    },
  },
  forkCopiesHugetlb: {
    shows: "windows of fork with hugetlb memory that nobody has touched",
    base: "v6.1",
    results: [[false, []], [true, ["CLEAR 0 1024"]]],
    program(profile) {
      const mm = hugetlb(profile);
      return windows(mm, () => void drain(fork(mm, "C")));
    },
  },
};
