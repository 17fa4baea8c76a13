/**
 * Listeners written by users: what a module exports, and how it is called.
 *
 * The callbacks are those of every built-in listener, called by the same chain. A mistake in them is
 * the listener's fault, not the program's: it is noted, with the event, and the kernel goes on.
 *
 * @module
 */

import { hex, PAGE_SIZE, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation, Preemption } from "../kernel/operation.ts";
import { KernelBugError, type Violation } from "../kernel/violation.ts";
import type { UserPages } from "../mm/user_pages.ts";
import type { MmuNotifierOps } from "../notifier/ops.ts";
import type { ListenerCounters } from "./counters.ts";
import { beginFault, type Device, type ListenerInit, newDevice, requirePages } from "./device.ts";
import type { PageContent, PageVisitor } from "./device_access.ts";
import { guardedOps } from "./custom_ops.ts";
import type { Listener, SecondaryEntry } from "./listener.ts";
import type { Policy } from "./policy.ts";

/** What a listener of the user's own is made from. */
export interface CustomContext {
  /** Its name in the scenario. */
  readonly name: string;
  /** The get_user_pages interface of the process that it listens on. */
  readonly user: UserPages;
  /** The policy of the run, for listeners that can follow several. */
  readonly policy: Policy;
  /** Its counters; windows and change_pte are counted for it. */
  readonly counters: ListenerCounters;
  /**
   * Counts and records a fault of its device.
   *
   * @param address The page.
   * @param write Whether the device writes.
   */
  fault(address: Vaddr, write: boolean): void;
  /**
   * Charges time to the listener, as a cost of an invalidation.
   *
   * @param ns Nanoseconds.
   */
  spend(ns: number): void;
}

/** A listener of the user's own: notifier callbacks, and what its device can do. */
export interface CustomListener extends MmuNotifierOps {
  /** Whether its entries may differ from the CPU's because it holds references; false if left out. */
  readonly pins?: boolean;
  /**
   * Gives the frame through which its device accesses a page, faulting it in where needed. Without
   * this method the device cannot access memory.
   *
   * @param address The page.
   * @param write Whether the device writes.
   * @returns The frame, or a negative errno.
   */
  translate?(address: Vaddr, write: boolean): Operation<Pfn>;
  /**
   * Visits every translation that the device holds. Without this method they cannot be checked.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry?(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void;
  /** Gives back references that are still held, when the process or the run ends. */
  close?(): void;
}

/** Makes a listener: the default export of a module given by `--listener`. */
export type CustomListenerFactory = (context: CustomContext) => CustomListener;

/** Points passed on the way to one frame, after which a device is taken to wait for ever. */
const PATIENCE = 10_000;
/** Mistakes of a listener that are reported one by one. */
const REPORTED = 8;

/** A listener of the user's own, as the machine sees it. */
export class CustomDriver implements Listener {
  /** Kind of driver. */
  readonly kind: "custom" = "custom";
  /** Its name in the scenario. */
  readonly name: string;
  /** What it counted so far. */
  readonly counters: ListenerCounters;
  /** The callbacks to register, mistakes caught. */
  readonly ops: MmuNotifierOps | null;
  readonly #device: Device;
  readonly #mine: CustomListener | null;
  readonly #faults: Violation[] = [];
  #noted = 0;

  /**
   * Makes a listener.
   *
   * @param init Name, process, policy and costs.
   * @param factory Makes the user's part.
   */
  constructor(init: ListenerInit, factory: CustomListenerFactory) {
    this.#device = newDevice(init);
    this.name = init.name;
    this.counters = this.#device.counters;
    this.#mine = this.#guard("its factory", null, () => checked(factory(this.#context())));
    this.ops = this.#mine && guardedOps(this.name, this.#mine, this.counters, this.#guard);
  }

  /** Whether its entries may differ from the CPU's. */
  get pins(): boolean {
    return this.#mine?.pins === true;
  }

  /**
   * Lets the device read pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param visit Receives the content, by page from 0.
   * @returns 0, or the negative errno of the first page that cannot be reached.
   */
  deviceRead(start: Vaddr, pages: number, visit: PageVisitor | null = null): Operation<number> {
    return this.#access(start, pages, null, visit);
  }

  /**
   * Lets the device write pages.
   *
   * @param start First page.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns As {@linkcode CustomDriver.deviceRead}.
   */
  deviceWrite(start: Vaddr, pages: number, content: PageContent): Operation<number> {
    return this.#access(start, pages, content, null);
  }

  /**
   * Visits every translation that the listener tells of.
   *
   * @param visit Called with address in bytes, frame and write access.
   */
  forEachEntry(visit: (address: Vaddr, pfn: Pfn, writable: boolean) => void): void {
    this.#guard("forEachEntry", undefined, () => this.#mine?.forEachEntry?.(visit));
  }

  /**
   * Looks up one translation.
   *
   * @param address The page.
   * @returns The entry, or undefined.
   */
  entryAt(address: Vaddr): SecondaryEntry | undefined {
    let found: SecondaryEntry | undefined;
    this.forEachEntry((at, pfn, writable) => {
      if (at === address) found = { address, pfn, writable };
    });
    return found;
  }

  /**
   * Hands over the mistakes noted since the last time.
   *
   * @returns One violation for each.
   */
  takeFaults(): Violation[] {
    return this.#faults.splice(0);
  }

  /** Lets the listener give back what it holds. */
  close(): void {
    this.#guard("close", undefined, () => this.#mine?.close?.());
  }

  #context(): CustomContext {
    const { name, user, policy, counters } = this.#device;
    return {
      name,
      user,
      policy,
      counters,
      fault: (address, write) => beginFault(this.#device, address, write),
      spend: (ns) => {
        if (!(ns >= 0 && ns < Infinity)) throw new RangeError(`Cannot spend ${ns} ns`);
        counters.time_ns += ns;
        user.mm.notifierContext.clock.advance(ns);
      },
    };
  }

  *#access(
    start: Vaddr,
    pages: number,
    content: PageContent | null,
    visit: PageVisitor | null,
  ): Operation<number> {
    requirePages("access user memory", start, pages);
    const { user } = this.#device;
    for (let page = 0; page < pages; page++) {
      const pfn = yield* this.#translate(start + page * PAGE_SIZE, content !== null);
      if (pfn < 0) return pfn;
      if (content !== null) user.writeFrame(pfn, content(page) >>> 0);
      else visit?.(page, user.readFrame(pfn));
    }
    return 0;
  }

  *#translate(address: Vaddr, write: boolean): Operation<Pfn> {
    const what = `translate of ${hex(address)}`;
    const refused: IteratorResult<Preemption, Pfn> = { done: true, value: -ERRNO.EFAULT };
    const running = this.#guard(what, null, () => this.#mine?.translate?.(address, write) ?? null);
    if (running === null) return -ERRNO.EFAULT;
    for (let passed = 0; passed < PATIENCE; passed++) {
      const step = this.#guard(what, refused, () => running.next());
      if (!step.done) yield step.value;
      else if (Number.isInteger(step.value)) return step.value;
      else break;
    }
    this.#note(what, "it gave no frame");
    return -ERRNO.EFAULT;
  }

  /** Calls the user's code; what it throws becomes a fault of the listener. */
  readonly #guard = <T>(what: string, otherwise: T, call: () => T): T => {
    try {
      return call();
    } catch (error) {
      if (error instanceof KernelBugError) throw error;
      this.#note(what, errorText(error));
      return otherwise;
    }
  };

  #note(what: string, message: string): void {
    if (++this.#noted > REPORTED) return;
    this.#faults.push({
      invariant: "listener_fault",
      message: `Listener "${this.name}" failed in ${what}: ${message}`,
      listener: this.name,
      process: this.#device.user.mm.name,
    });
  }
}

function checked(mine: CustomListener): CustomListener {
  if (typeof mine === "object" && mine !== null) return mine;
  throw new TypeError(
    `expected an object with callbacks, got ${mine === null ? null : typeof mine}`,
  );
}

/** The message of whatever was thrown, on one line. */
function errorText(error: unknown): string {
  try {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return text.split("\n")[0];
  } catch {
    return "an error without text";
  }
}
