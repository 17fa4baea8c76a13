/**
 * What the drivers of userptr objects share: registration, jobs, and windows over whole objects.
 *
 * A window that meets one page of an object meets all of it. References are plain ones of
 * get_user_pages: fork and reclaim of newer kernels, which look for FOLL_PIN, do not see them.
 *
 * @module
 */

import { hex, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import { type MmuNotifierRange, mmuNotifierRangeBlockable } from "../notifier/range.ts";
import { decide, type PlainAction, restartRecording } from "./actions.ts";
import type { ListenerCounters } from "./counters.ts";
import {
  type Device,
  type ListenerInit,
  neverEnds,
  newDevice,
  requirePages,
  RETRY_LIMIT,
  spend,
} from "./device.ts";
import { deviceAccess, noFault, type PageContent, type PageVisitor } from "./device_access.ts";
import type { Listener, ListenerRange, SecondaryEntry } from "./listener.ts";
import { MrSet } from "./mr_set.ts";
import { holdPage, newUserptr, putPages, type UserptrObject } from "./userptr.ts";

/** A driver of userptr objects; each kind fills in what a window does and how an object is bound. */
export abstract class UserptrListener implements Listener {
  /** Kind of driver. */
  abstract readonly kind: string;
  /** Its name in the scenario. */
  readonly name: string;
  /** Objects keep their pages whatever the CPU entries say. */
  readonly pins: true = true;
  /** What it counted so far. */
  readonly counters: ListenerCounters;
  /** The callbacks to register. */
  readonly ops: MmuNotifierOps;
  /** State that the parts of the driver share. */
  protected readonly device: Device;
  /** The objects. */
  protected readonly objects: MrSet<UserptrObject> = new MrSet<UserptrObject>();

  /**
   * Makes a driver without objects.
   *
   * @param init Name, process, policy and costs.
   */
  constructor(init: ListenerInit) {
    this.device = newDevice(init);
    this.name = init.name;
    this.counters = this.device.counters;
    this.ops = {
      name: init.name,
      invalidateRangeStart: (range) => this.invalidateRangeStart(range),
      ...this.moreOps(),
    };
  }

  /**
   * Registers user memory as an object; its pages are looked up when a job first needs them.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param writable Whether jobs may write.
   * @returns The key of the object, positive; or a negative errno.
   */
  // deno-lint-ignore require-yield
  *register(start: Vaddr, pages: number, writable: boolean): Operation<number> {
    requirePages("register a userptr object", start, pages);
    if (this.device.released) return -ERRNO.EFAULT;
    const key = this.objects.newKey();
    this.objects.add(newUserptr({ key, start, end: start + pages * PAGE_SIZE, writable }));
    return key;
  }

  /**
   * Frees an object and gives its pages back.
   *
   * @param key The key that {@linkcode UserptrListener.register} returned.
   * @returns 0, or -ENOENT.
   */
  unregister(key: number): number {
    const object = this.objects.get(key);
    if (object === undefined) return -ERRNO.ENOENT;
    this.waitIdle(object);
    putPages(this.device, object);
    this.objects.delete(key);
    return 0;
  }

  /**
   * Finds the oldest object that covers pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @returns The key, or 0.
   */
  find(start: Vaddr, pages: number): number {
    return this.objects.find(start, pages, false)?.key ?? 0;
  }

  /**
   * Runs a job that fills pages of one object.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns 0; -EACCES without a writable object that covers the pages; -EFAULT where the process
   * has no such page any more.
   */
  submitWrite(start: Vaddr, pages: number, content: PageContent): Operation<number> {
    return this.#submit(start, pages, content, null);
  }

  /**
   * Runs a job that reads pages of one object.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param visit Receives the content, by page from 0.
   * @returns As {@linkcode UserptrListener.submitWrite}.
   */
  submitRead(start: Vaddr, pages: number, visit: PageVisitor | null = null): Operation<number> {
    return this.#submit(start, pages, null, visit);
  }

  /**
   * Visits the pages of every object that the device may use, object by object.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void {
    this.objects.index.forEach(({ state, table, writable }) => {
      if (state === "bound") table.forEach((address, pfn) => visit(address, pfn, writable));
    });
  }

  /**
   * Visits every reference, also those of objects that the device may not use now.
   *
   * @param visit Called with the frame and false.
   */
  forEachReference(visit: (pfn: Pfn, pin: boolean) => void): void {
    this.objects.forEachEntry((_address, pfn) => visit(pfn, false));
  }

  /**
   * Looks up a page that the device may use; of several objects, in the one that starts first.
   *
   * @param address The page.
   * @returns The entry, or undefined.
   */
  entryAt(address: Vaddr): SecondaryEntry | undefined {
    let entry: SecondaryEntry | undefined;
    this.objects.index.forEachOverlap(address, address + PAGE_SIZE, (object) => {
      const pfn = object.state === "bound" ? object.table.pfnAt(address) : -1;
      if (pfn >= 0) entry ??= { address, pfn, writable: object.writable };
    });
    return entry;
  }

  /**
   * Lists the objects.
   *
   * @returns Their ranges, with key, access and state as label.
   */
  ranges(): ListenerRange[] {
    return this.objects.list().map(({ key, start, end, writable, state }) => ({
      start,
      end,
      label: `object key ${key}, ${writable ? "rw" : "ro"}, ${state}`,
    }));
  }

  /** Gives back the pages of every object. */
  close(): void {
    this.objects.index.forEach((object) => putPages(this.device, object));
    this.device.released = true;
  }

  /** Callbacks beside invalidate_range_start. */
  protected abstract moreOps(): Partial<MmuNotifierOps>;

  /**
   * Makes an object usable before a job.
   *
   * @param object The object.
   * @returns 0, or a negative errno.
   */
  protected abstract prepare(object: UserptrObject): Operation<number>;

  /**
   * Takes an object, whose pages are held, from the device.
   *
   * @param object The object.
   * @param action How.
   * @param range The window.
   * @returns Number of translations that the device lost.
   */
  protected abstract take(
    object: UserptrObject,
    action: PlainAction,
    range: MmuNotifierRange,
  ): number;

  /** The start callback. */
  protected invalidateRangeStart(range: MmuNotifierRange): number {
    const { counters, costs } = this.device;
    counters.windows++;
    if (!mmuNotifierRangeBlockable(range) && this.refuses(range)) {
      counters.refused++;
      return -ERRNO.EAGAIN;
    }
    const keptBefore = counters.kept;
    const lostBefore = counters.dropped;
    for (const object of this.overlapping(range)) this.#meet(object, range);
    if (counters.dropped === lostBefore && counters.kept > keptBefore) counters.skipped++;
    spend(this.device, costs.gpu_window);
    return 0;
  }

  /** Whether a window that must not sleep meets anything that it would have to wait for. */
  protected refuses(range: MmuNotifierRange): boolean {
    return this.objects.index.overlaps(range.start, range.end);
  }

  /** Lists the objects of a window. */
  protected overlapping(range: MmuNotifierRange): UserptrObject[] {
    const found: UserptrObject[] = [];
    this.objects.index.forEachOverlap(range.start, range.end, (object) => found.push(object));
    return found;
  }

  /** Waits for the fences of an object, without timeout. */
  protected waitIdle(object: UserptrObject): void {
    const left = object.busyUntil - this.device.user.mm.notifierContext.clock.now;
    if (left <= 0) return;
    this.counters.waits++;
    spend(this.device, left);
  }

  /** Gives the pages of an object back, and forgets it where its memory is gone. */
  protected unbind(object: UserptrObject, action: PlainAction): number {
    const { device } = this;
    const usable = object.state === "bound";
    const held = putPages(device, object);
    device.counters.tlb_flushes++;
    spend(device, device.costs.gpu_unbind);
    if (action === "drop_and_free" && object.tracked) {
      object.tracked = false;
      device.counters.tracking_freed++;
    }
    return usable ? held : 0;
  }

  /**
   * Looks the pages of an object up and makes it usable; does so again if a window came between.
   *
   * @param object The object.
   * @returns 0, or the negative errno of a page, after which no page is held.
   */
  protected *bind(object: UserptrObject): Operation<number> {
    const { device } = this;
    const forget = device.user.mm.notifierContext.faults.has("forget_retry");
    for (let tries = 0; tries < RETRY_LIMIT; tries++) {
      if (device.released || this.objects.get(object.key) === undefined) return -ERRNO.EFAULT;
      putPages(device, object);
      const { seq } = object;
      const result = yield* this.#getPages(object);
      if (result < 0) {
        putPages(device, object);
        return result;
      }
      yield "before_retry_check";
      if (forget || object.seq === seq) {
        this.#bound(object);
        return 0;
      }
      device.counters.retries++;
    }
    throw neverEnds("get_user_pages", device, `to bind the object at ${hex(object.start)}`);
  }

  #bound(object: UserptrObject): void {
    const { device } = this;
    const { costs, counters, user } = device;
    const ns = costs.gpu_bind + object.table.count * costs.gpu_bind_page;
    object.state = "bound";
    if (!object.tracked) counters.tracking_rebuilt++;
    object.tracked = true;
    if (object.wasBound) {
      counters.rebinds++;
      spend(device, ns);
    } else {
      user.mm.notifierContext.clock.advance(ns);
    }
    object.wasBound = true;
  }

  *#getPages(object: UserptrObject): Operation<number> {
    object.getting = true;
    let result = 0;
    for (let at = object.start; at < object.end && result >= 0; at += PAGE_SIZE) {
      result = yield* this.device.user.getUserPage(at, object.writable);
      if (result >= 0) holdPage(this.device, object, at, result);
    }
    object.getting = false;
    return Math.min(result, 0);
  }

  /** An object has one access: what takes write access from entries takes a writable object. */
  #meet(object: UserptrObject, range: MmuNotifierRange): void {
    const { device } = this;
    const decided = decide(device, range, !object.writable);
    const action = !TAKES_WRITE.has(decided) ? decided : object.writable ? "drop" : "keep";
    const usable = object.state === "bound" ? object.table.count : 0;
    if (action === "keep" || action === "record_writes") {
      device.counters.kept += usable;
      if (action === "record_writes") restartRecording(device, object.table, range);
      return;
    }
    object.seq++;
    if (object.table.count > 0) device.counters.dropped += this.take(object, action, range);
  }

  *#submit(
    start: Vaddr,
    pages: number,
    content: PageContent | null,
    visit: PageVisitor | null,
  ): Operation<number> {
    requirePages("run a job", start, pages);
    const object = this.objects.find(start, pages, content !== null);
    if (object === null) return -ERRNO.EACCES;
    const result = yield* this.prepare(object);
    if (result < 0) return result;
    const { costs, user } = this.device;
    object.busyUntil = user.mm.notifierContext.clock.now + costs.gpu_job;
    const unit = { table: object.table, fault: noFault };
    return yield* deviceAccess(this.device, unit, { start, pages, content, visit });
  }
}

const TAKES_WRITE: ReadonlySet<PlainAction> = new Set([
  "downgrade",
  "drop_writable",
  "resnapshot",
]);
