/**
 * Which pages are the same frame: canonical numbers on both sides, and how they correspond.
 *
 * Numbers are compared up to a renaming that holds for the whole case. The number of an anonymous
 * page ends when no process maps the page any more; that of a page-cache page stays until the frame
 * leaves the cache.
 *
 * @module
 */

import type { Pfn } from "../../lib/kernel/address.ts";
import type { Host } from "../../lib/mm/host.ts";
import { PG_ANON } from "../../lib/mm/flags.ts";
import type { ProcessDump } from "./dump.ts";

/** Numbers the frames of the simulated machine. */
export class FrameNumbers {
  readonly #host: Host;
  readonly #births: Map<Pfn, number> = new Map();
  readonly #known: Map<Pfn, { id: number; birth: number }> = new Map();
  #next = 1;
  #allocations = 0;

  /**
   * Starts numbering; allocations are counted from now on, so that a frame that is freed and
   * allocated again within one step is not taken for the same page.
   *
   * @param host The machine.
   */
  constructor(host: Host) {
    this.#host = host;
    const { frames } = host;
    const alloc = frames.alloc.bind(frames);
    const allocHuge = frames.allocHuge.bind(frames);
    frames.alloc = (node) => this.#born(alloc(node), 1);
    frames.allocHuge = (node) => this.#born(allocHuge(node), 512);
  }

  /**
   * Ends the numbers of pages that are gone. Call it once a step, before {@linkcode FrameNumbers.of}.
   *
   * @param dumps All processes.
   */
  retire(dumps: readonly ProcessDump[]): void {
    const mapped = new Set(dumps.flatMap(({ pages }) => pages.map(({ pfn }) => pfn)));
    for (const [pfn, { birth }] of this.#known) {
      const { flags, refcount } = this.#host.frames;
      const anon = (flags[pfn] & PG_ANON) !== 0;
      const gone = birth !== this.#birth(pfn) || (anon && !mapped.has(pfn));
      if (gone || refcount[this.#host.frames.head(pfn)] === 0) this.#known.delete(pfn);
    }
  }

  /**
   * Numbers a mapped frame.
   *
   * @param pfn The frame.
   * @returns Its number, from 1.
   */
  of(pfn: Pfn): number {
    const known = this.#known.get(pfn);
    if (known !== undefined) return known.id;
    const id = this.#next++;
    this.#known.set(pfn, { id, birth: this.#birth(pfn) });
    return id;
  }

  /**
   * Tells whether a number still stands for a page.
   *
   * @param id The number.
   * @returns True unless it was retired.
   */
  isLive(id: number): boolean {
    return [...this.#known.values()].some((known) => known.id === id);
  }

  #born(pfn: Pfn, count: number): Pfn {
    this.#allocations++;
    if (pfn >= 0) {
      for (let at = 0; at < count; at++) {
        this.#births.set(pfn + at, this.#allocations);
      }
    }
    return pfn;
  }

  #birth(pfn: Pfn): number {
    return this.#births.get(pfn) ?? 0;
  }
}

/** Pairs recorded numbers with simulated ones. */
export class Renaming {
  readonly #toOurs: Map<number, number> = new Map();
  readonly #toTheirs: Map<number, number> = new Map();

  /**
   * Compares one page's numbers, pairing those not seen before.
   *
   * A recorded number may come back for another page, since frames are reused, even within a step;
   * then it is paired anew, if our page is gone as well.
   *
   * @param theirs The recorded number.
   * @param ours The simulated number.
   * @param stayed Whether the recorded number was at this page after the step before.
   * @param isLive Whether a simulated number still stands for a page.
   * @returns True if they correspond.
   */
  matches(
    theirs: number,
    ours: number,
    stayed: boolean,
    isLive: (id: number) => boolean,
  ): boolean {
    if (theirs <= 0 || ours <= 0) return theirs === ours;
    const paired = this.#toOurs.get(theirs);
    if (paired === ours) return true;
    const fresh = !this.#toTheirs.has(ours);
    this.#toOurs.set(theirs, ours);
    this.#toTheirs.set(ours, theirs);
    if (paired === undefined) return fresh;
    return fresh && !stayed && !isLive(paired);
  }
}
