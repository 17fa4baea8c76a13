/**
 * The windows that are open for a NIC with on-demand paging, and the MRs they are accounted on.
 *
 * From drivers/infiniband/core/umem_odp.c of v5.2: umem_rwsem, which is held for read from start to
 * end, ib_umem_notifier_start_account and ib_umem_notifier_end_account.
 *
 * @module
 */

import { hex, type Vaddr } from "../kernel/address.ts";
import { KernelBugError } from "../kernel/violation.ts";
import type { MmuNotifierRange } from "../notifier/range.ts";
import type { MemoryRegion } from "./mr_set.ts";
import { type IndexedRange, NO_LEAF, RangeIndex } from "./range_index.ts";
import type { SecondaryTable } from "./secondary_table.ts";

/** An explicit ODP memory region: struct ib_umem_odp. A writable one faults for write always. */
export interface OdpMr extends MemoryRegion {
  /** page_list and dma_list, made at the first fault. */
  table: SecondaryTable | null;
  /** Of the follow-up patch: no write mapping was requested yet. */
  readOnly: boolean;
  /** notifiers_seq. */
  seq: number;
  /** notifiers_count. */
  count: number;
  /** Its place among the MRs that the device has used, or null before it did. */
  used: UsedMr | null;
}

/** An MR that the device has used: windows over any other MR have nothing to do. */
export interface UsedMr extends IndexedRange {
  readonly mr: OdpMr;
}

/** An open window with the MRs it meets, of those used; no MR goes while one is open. */
export interface OpenWindow {
  /** First byte. */
  start: Vaddr;
  /** First byte after. */
  end: Vaddr;
  /** The MRs; those from `count` on are of windows before. */
  readonly mrs: OdpMr[];
  /** How many MRs it meets. */
  count: number;
}

/** The open windows of one NIC context. */
export class OdpWindows {
  readonly #used = new RangeIndex<UsedMr>();
  /** Windows that hold umem_rwsem for read: the first `#readers` of `#windows`. */
  #readers = 0;
  readonly #windows: OpenWindow[] = [];

  /** Holders of umem_rwsem for read. */
  get readers(): number {
    return this.#readers;
  }

  /**
   * Takes umem_rwsem for read and accounts the window on every MR (start_account).
   *
   * @param range The window.
   * @returns The MRs it meets, until it is closed.
   */
  open(range: MmuNotifierRange): OpenWindow {
    const window = this.#windows[this.#readers] ??= { start: 0, end: 0, mrs: [], count: 0 };
    this.#readers++;
    window.start = range.start;
    window.end = range.end;
    window.count = 0;
    this.#used.forEachOverlap(range.start, range.end, this.#account);
    return window;
  }

  /** B-3: the walk stopped at the first MR, and nobody released umem_rwsem. */
  leak(): void {
    this.#windows.splice(this.#readers, 0, { start: NaN, end: NaN, mrs: [], count: 0 });
    this.#readers++;
  }

  /**
   * Finds an open window of the same range (or of the same start, if cut short) and closes it.
   *
   * @param range The window.
   * @param name Name of the listener, for the report.
   * @returns The window, whose MRs the caller takes off the account.
   * @throws {KernelBugError} If no such window is open.
   */
  close(range: MmuNotifierRange, name: string): OpenWindow {
    const windows = this.#windows;
    const last = this.#readers - 1;
    let at = last;
    while (at >= 0 && (windows[at].start !== range.start || windows[at].end !== range.end)) at--;
    if (at < 0) at = windows.findIndex(({ start }, open) => open <= last && start === range.start);
    if (at < 0) {
      throw new KernelBugError(
        "ib_umem_notifier_invalidate_range_end",
        `"${name}" sees an end without its start: umem_rwsem is not held for ` +
          `[${hex(range.start)}, ${hex(range.end)})`,
      );
    }
    const window = windows[at];
    windows[at] = windows[last];
    windows[last] = window;
    this.#readers--;
    return window;
  }

  /**
   * Lets windows know an MR from now on; those that are open over it count at once.
   *
   * @param mr The MR, which the device is about to use.
   */
  use(mr: OdpMr): void {
    if (mr.used !== null) return;
    const { start, end } = mr;
    for (let at = 0; at < this.#readers; at++) {
      const window = this.#windows[at];
      if (window.start < end && start < window.end) account(window, mr);
    }
    mr.used = { start, end, mr, leaf: NO_LEAF };
    this.#used.add(mr.used);
  }

  /**
   * Hides an MR from windows again.
   *
   * @param mr The MR.
   */
  forget(mr: OdpMr): void {
    if (mr.used !== null) this.#used.remove(mr.used);
  }

  /** Accounts the newest window on an MR. */
  readonly #account = ({ mr }: UsedMr): void => account(this.#windows[this.#readers - 1], mr);
}

/** Raises the count of an MR for an open window. */
function account(window: OpenWindow, mr: OdpMr): void {
  mr.count++;
  window.mrs[window.count++] = mr;
}
