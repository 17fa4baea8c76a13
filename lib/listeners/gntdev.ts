/**
 * Xen gntdev on a PV guest: pages that other domains granted, mapped into a process.
 *
 * From drivers/xen/gntdev.c (mn_invl_range_start, unmap_if_in_range, mn_release) of v5.2. Every
 * window over the mapping unmaps the grants of the intersecting pages at once, whatever it is for
 * (B-23), and there is no way back but to map them anew.
 *
 * The frames of the other domain are stood in for by the pages that the process has at the place;
 * each grant holds a reference. Access is decided by the CPU entry, which is the mapping itself, so
 * only frames are compared with it: a grant without its entry would let the process's domain keep a
 * foreign page. Under a policy that waits to see whether entries really go, the driver has an end
 * callback, which upstream it has not.
 *
 * @module
 */

import { PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import { type MmuNotifierRange, mmuNotifierRangeBlockable } from "../notifier/range.ts";
import { decide } from "./actions.ts";
import type { ListenerCounters } from "./counters.ts";
import { type Device, type ListenerInit, newDevice, requirePages, spend } from "./device.ts";
import { deviceAccess, noFault, type PageContent, type PageVisitor } from "./device_access.ts";
import type { Listener, ListenerRange, SecondaryEntry } from "./listener.ts";
import { type MemoryRegion, MrSet } from "./mr_set.ts";
import { NO_LEAF } from "./range_index.ts";
import { ENTRY_PRESENT, ENTRY_WRITE } from "./secondary_leaf.ts";
import { SecondaryTable } from "./secondary_table.ts";

/** A mapping of grants: struct gntdev_grant_map. A page without handle has no entry. */
interface GrantMap extends MemoryRegion {
  readonly table: SecondaryTable;
}

/** A process that maps grants of other domains: struct gntdev_priv. */
export class GntdevListener implements Listener {
  /** Kind of driver. */
  readonly kind: "gntdev" = "gntdev";
  /** Its name in the scenario. */
  readonly name: string;
  /** A grant must not outlive its CPU entry. */
  readonly pins: false = false;
  /** The CPU entry is the mapping and decides the access. */
  readonly anyAccess: true = true;
  /** What it counted so far. */
  readonly counters: ListenerCounters;
  /** The callbacks to register. */
  readonly ops: MmuNotifierOps;
  readonly #device: Device;
  readonly #maps = new MrSet<GrantMap>();

  /**
   * Makes a process without grants.
   *
   * @param init Name, process, policy and costs.
   */
  constructor(init: ListenerInit) {
    this.#device = newDevice(init);
    this.name = init.name;
    this.counters = this.#device.counters;
    this.ops = {
      name: init.name,
      release: () => this.close(),
      invalidateRangeStart: (range) => this.#start(range),
      ...(this.#device.actions.includes("drop_if_zapped")
        ? { invalidateRangeEnd: (range: MmuNotifierRange) => this.#end(range) }
        : {}),
    };
  }

  /**
   * Maps grants over pages. From gntdev_mmap, which makes the map known to windows before it maps:
   * one in between unmaps what it covers.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @returns The key of the map, positive; or a negative errno, after which nothing is mapped.
   */
  *mapGrants(start: Vaddr, pages: number): Operation<number> {
    requirePages("map grants", start, pages);
    const { user, costs, counters } = this.#device;
    if (this.#device.released) return -ERRNO.EFAULT;
    const end = start + pages * PAGE_SIZE;
    const table = new SecondaryTable(start, end);
    const key = this.#maps.newKey();
    const map: GrantMap = { key, start, end, writable: true, table, leaf: NO_LEAF };
    this.#maps.add(map);
    for (let address = start; address < end; address += PAGE_SIZE) {
      const pfn = yield* user.getUserPage(address, true);
      if (pfn < 0) {
        this.unmapGrants(key);
        return pfn;
      }
      table.set(address, pfn, ENTRY_WRITE);
      counters.pinned++;
      user.mm.notifierContext.clock.advance(costs.grant_op);
    }
    return key;
  }

  /**
   * Unmaps what is left of a map and forgets it. From gntdev_put_map.
   *
   * @param key The key that {@linkcode GntdevListener.mapGrants} returned.
   * @returns 0, or -ENOENT.
   */
  unmapGrants(key: number): number {
    const map = this.#maps.get(key);
    if (map === undefined) return -ERRNO.ENOENT;
    this.#unmap(map, map.start, map.end);
    this.#maps.delete(key);
    return 0;
  }

  /**
   * Finds the oldest map that covers pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @returns The key, or 0.
   */
  find(start: Vaddr, pages: number): number {
    return this.#maps.find(start, pages, false)?.key ?? 0;
  }

  /**
   * Lets the other domain write the granted pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns 0; -EACCES without a map that covers the pages; -EFAULT where a grant was lost.
   */
  peerWrite(start: Vaddr, pages: number, content: PageContent): Operation<number> {
    return this.#access(start, pages, content, null);
  }

  /**
   * Lets the other domain read the granted pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param visit Receives the content, by page from 0.
   * @returns As {@linkcode GntdevListener.peerWrite}.
   */
  peerRead(start: Vaddr, pages: number, visit: PageVisitor | null = null): Operation<number> {
    return this.#access(start, pages, null, visit);
  }

  /**
   * Visits every grant that is still mapped.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void {
    this.#maps.forEachEntry(visit);
  }

  /**
   * Visits the reference of every grant.
   *
   * @param visit Called with the frame and false.
   */
  forEachReference(visit: (pfn: Pfn, pin: boolean) => void): void {
    this.#maps.forEachEntry((_address, pfn) => visit(pfn, false));
  }

  /**
   * Looks up the grant of a page.
   *
   * @param address The page.
   * @returns The entry, or undefined.
   */
  entryAt(address: Vaddr): SecondaryEntry | undefined {
    return this.#maps.entryAt(address);
  }

  /**
   * Lists the maps of grants.
   *
   * @returns Their ranges, with key and how many grants are left as label.
   */
  ranges(): ListenerRange[] {
    return this.#maps.list().map(({ key, start, end, table }) => ({
      start,
      end,
      label: `map key ${key}, ${table.count} of ${(end - start) / PAGE_SIZE} grants`,
    }));
  }

  /** Unmaps every grant. From mn_release. */
  close(): void {
    this.#maps.index.forEach((map) => this.#unmap(map, map.start, map.end));
    this.#device.released = true;
  }

  /** mn_invl_range_start: holes, whose grants are gone already, are passed over. */
  #start(range: MmuNotifierRange): number {
    const device = this.#device;
    const { counters } = device;
    const { start, end } = range;
    counters.windows++;
    const { gntdevRefusesAlways } = device.user.mm.notifierContext.profile;
    const refuses = gntdevRefusesAlways || !mmuNotifierRangeBlockable(range);
    if (refuses && this.#maps.index.overlaps(start, end)) {
      counters.refused++;
      return -ERRNO.EAGAIN;
    }
    const action = decide(device, range, false);
    const stays = action === "keep" || action === "record_writes" || action === "drop_if_zapped";
    let kept = 0;
    this.#maps.index.forEachOverlap(start, end, (map) => {
      if (stays) kept += map.table.countRange(start, end);
      else counters.dropped += this.#unmap(map, start, end);
    });
    counters.kept += kept;
    if (kept > 0) counters.skipped++;
    return 0;
  }

  /** The proposal: a grant whose entry went is unmapped, before anybody learns that it is free. */
  #end(range: MmuNotifierRange): void {
    const { user, counters } = this.#device;
    if (decide(this.#device, range, false) !== "drop_if_zapped") return;
    this.#maps.index.forEachOverlap(range.start, range.end, (map) => {
      const zapped: Vaddr[] = [];
      map.table.forEach(
        (address, pfn) => {
          const now = user.getUserPageFast(address, false);
          if (now >= 0) user.putPage(now);
          if (now !== pfn) zapped.push(address);
        },
        range.start,
        range.end,
      );
      for (const address of zapped) this.#unmap(map, address, address + PAGE_SIZE);
      counters.dropped += zapped.length;
      counters.kept -= zapped.length;
    });
  }

  /** unmap_grant_pages. */
  #unmap(map: GrantMap, start: Vaddr, end: Vaddr): number {
    const { user, costs, counters } = this.#device;
    const gone = map.table.dropRange(start, end, ENTRY_PRESENT, false, (pfn) => {
      user.setPageDirty(pfn);
      user.putPage(pfn);
    });
    counters.pinned -= gone;
    spend(this.#device, gone * costs.grant_op);
    return gone;
  }

  *#access(
    start: Vaddr,
    pages: number,
    content: PageContent | null,
    visit: PageVisitor | null,
  ): Operation<number> {
    requirePages("access grants", start, pages);
    const map = this.#maps.find(start, pages, content !== null);
    if (map === null) return -ERRNO.EACCES;
    const unit = { table: map.table, fault: noFault };
    return yield* deviceAccess(this.#device, unit, { start, pages, content, visit });
  }
}
