/**
 * What listeners have in common whose device has one table of translations and holds no page.
 *
 * @module
 */

import type { Pfn, Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import type { ListenerCounters } from "./counters.ts";
import { type Device, type ListenerInit, newDevice } from "./device.ts";
import {
  type AccessUnit,
  deviceAccess,
  type PageContent,
  type PageVisitor,
} from "./device_access.ts";
import type { Listener, SecondaryEntry } from "./listener.ts";
import { ENTRY_PRESENT, ENTRY_WRITE } from "./secondary_leaf.ts";
import { SecondaryTable } from "./secondary_table.ts";

/** A listener with one table and no pins. */
export abstract class TableListener implements Listener {
  /** Kind of driver. */
  abstract readonly kind: string;
  /** Its name in the scenario. */
  readonly name: string;
  /** A reference is dropped right after the translation is installed. */
  readonly pins: false = false;
  /** What it counted so far. */
  readonly counters: ListenerCounters;
  /** The callbacks to register. */
  abstract readonly ops: MmuNotifierOps;
  /** What the drivers share. */
  protected readonly device: Device;
  /** The translations. */
  protected readonly table: SecondaryTable = new SecondaryTable();
  /** What accesses of the device go through: the table, and how a miss is handled. */
  protected abstract readonly unit: AccessUnit;

  /**
   * Makes a device without translations.
   *
   * @param init Name, process, policy and costs.
   */
  constructor(init: ListenerInit) {
    this.device = newDevice(init);
    this.name = init.name;
    this.counters = this.device.counters;
  }

  /**
   * Visits every translation in the order of addresses.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void {
    this.table.forEach((address, pfn, flags) => visit(address, pfn, (flags & ENTRY_WRITE) !== 0));
  }

  /**
   * Looks up one translation.
   *
   * @param address The page.
   * @returns The entry, or undefined.
   */
  entryAt(address: Vaddr): SecondaryEntry | undefined {
    const flags = this.table.flagsAt(address);
    if (flags === 0) return undefined;
    return { address, pfn: this.table.pfnAt(address), writable: (flags & ENTRY_WRITE) !== 0 };
  }

  /** Drops all translations; faults fail from now on. */
  close(): void {
    this.table.dropRange(0, Infinity, ENTRY_PRESENT, true, this.device.reportDirty);
    this.device.released = true;
  }

  /**
   * Lets the device write pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns 0, or what the fault handler fails with.
   */
  protected write(start: Vaddr, pages: number, content: PageContent): Operation<number> {
    return deviceAccess(this.device, this.unit, { start, pages, content, visit: null });
  }

  /**
   * Lets the device read pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param visit Receives the content, by page from 0; or null.
   * @returns 0, or what the fault handler fails with.
   */
  protected read(start: Vaddr, pages: number, visit: PageVisitor | null): Operation<number> {
    return deviceAccess(this.device, this.unit, { start, pages, content: null, visit });
  }
}
