/**
 * The two scanners of a compaction run.
 *
 * From mm/compaction.c: isolate_migratepages and isolate_freepages. Both work page block by page
 * block; a block in which the migrate scanner works is none of the free scanner's.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import { PAGEBLOCK_NR_PAGES } from "./fragmentation.ts";
import type { NumaNode } from "./frames.ts";
import type { Host } from "./host.ts";
import { isolateLruPage } from "./migrate.ts";
import { PG_FILE, PG_HEAD, PG_LRU, PG_SWAPCACHE, PG_TAIL } from "./page_flags.ts";

/** Pages isolated before they are migrated (mm/internal.h: COMPACT_CLUSTER_MAX). */
const COMPACT_CLUSTER_MAX = 32;

/** The migrate scanner from below and the free scanner from above. */
export class Scanners {
  /** Pages left alone because of an extra reference. */
  skippedPinned = 0;
  readonly #host: Host;
  readonly #node: NumaNode;
  readonly #ignoreSuitable: boolean;
  #migrate: Pfn;
  #free: Pfn;

  /**
   * Puts the scanners at both ends of a node.
   *
   * @param host The machine.
   * @param node The node.
   * @param ignoreSuitable Whether wholly free blocks are filled as well (direct compaction's last
   * resort).
   */
  constructor(host: Host, node: NumaNode, ignoreSuitable: boolean) {
    this.#host = host;
    this.#node = node;
    this.#ignoreSuitable = ignoreSuitable;
    this.#migrate = node.start;
    this.#free = node.end;
  }

  /** Whether the scanners have met. */
  get met(): boolean {
    return this.#migrate >= this.#free;
  }

  /**
   * Isolates the next movable pages: a cluster, or what one page block has.
   *
   * @returns The pages, the last one found first; none when the scanners have met.
   */
  isolateMigratePages(): Pfn[] {
    const { vmstat } = this.#host;
    const isolated: Pfn[] = [];
    const first = this.#migrate;
    while (!this.met && isolated.length < COMPACT_CLUSTER_MAX) {
      if (isolated.length > 0 && this.#migrate % PAGEBLOCK_NR_PAGES === 0) break;
      const pfn = this.#migrate++;
      if (this.#movable(pfn) && isolateLruPage(this.#host, pfn)) isolated.push(pfn);
    }
    vmstat.compact_migrate_scanned += this.#migrate - first;
    vmstat.compact_isolated += isolated.length;
    this.#host.charge("compact_scan_page", this.#migrate - first);
    return isolated.reverse();
  }

  /**
   * Takes the highest free frame of a suitable block above the migrate scanner's.
   *
   * @returns The frame with one reference, or -1 when there is none.
   */
  isolateFreePage(): Pfn {
    const { frames, vmstat } = this.#host;
    const lowest = Math.ceil(this.#migrate / PAGEBLOCK_NR_PAGES) * PAGEBLOCK_NR_PAGES;
    const from = this.#free;
    let pfn = -1;
    while (pfn < 0 && this.#free > lowest) {
      const block = Math.max(blockOf(this.#free - 1), lowest);
      if (this.#suitable(block)) pfn = this.#node.allocator.allocTop(block - 1, this.#free);
      this.#free = pfn < 0 ? block : pfn;
    }
    vmstat.compact_free_scanned += from - this.#free;
    this.#host.charge("compact_scan_page", from - this.#free);
    if (pfn < 0) return -1;
    frames.refcount[pfn] = 1;
    frames.flags[pfn] = 0;
    return pfn;
  }

  /** Only blocks in use already are filled (mm/compaction.c: suitable_migration_target). */
  #suitable(block: Pfn): boolean {
    if (this.#ignoreSuitable) return true;
    const end = Math.min(blockOf(block) + PAGEBLOCK_NR_PAGES, this.#node.end);
    const first = Math.max(blockOf(block), this.#node.start);
    return this.#free < end || !this.#node.allocator.rangeFree(first, end - first);
  }

  /** mm/compaction.c: isolate_migratepages_block. */
  #movable(pfn: Pfn): boolean {
    const { frames } = this.#host;
    const flags = frames.flags[pfn];
    if ((flags & PG_LRU) === 0 || (flags & (PG_HEAD | PG_TAIL)) !== 0) return false;
    const withoutMapping = (flags & (PG_FILE | PG_SWAPCACHE)) === 0;
    if (withoutMapping && frames.refcount[pfn] > frames.mapcount[pfn]) {
      this.skippedPinned++;
      return false;
    }
    return true;
  }
}

function blockOf(pfn: Pfn): Pfn {
  return pfn - (pfn % PAGEBLOCK_NR_PAGES);
}
