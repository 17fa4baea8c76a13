/**
 * Process exit: releasing an address space.
 *
 * From mm/mmap.c: exit_mmap. Listeners are released before anything is unmapped, so the UNMAP
 * window of the whole address space reaches nobody.
 *
 * @module
 */

import { ADDRESS_MAX } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { mmuNotifierRelease } from "../notifier/chain.ts";
import { ksmExit } from "./ksm.ts";
import type { Mm } from "./mm_struct.ts";
import { MmuGather } from "./mmu_gather.ts";
import { khugepagedExit } from "./thp.ts";
import { freePgtables, unlinkVma, unmapVmas } from "./unmap.ts";

/**
 * Ends a process: releases its listeners, unmaps everything and frees the page tables.
 *
 * @param mm The address space.
 */
export function* exitMm(mm: Mm): Operation {
  mmuNotifierRelease(mm);
  ksmExit(mm);
  khugepagedExit(mm);
  const vmas = mm.vmas.splice(0);
  mm.alive = false;
  if (vmas.length === 0) return;
  mm.host.lruBatches.drain();
  const gather = new MmuGather(mm, true);
  yield* unmapVmas(gather, vmas, 0, ADDRESS_MAX);
  for (const vma of vmas) unlinkVma(vma);
  freePgtables(gather, vmas, 0, 0);
  gather.finish();
}
