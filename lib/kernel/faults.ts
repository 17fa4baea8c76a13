/**
 * Fault injection: named mistakes that the simulated kernel or a listener can be told to make.
 *
 * They exist to show that the checks notice them. Without injection the set is empty.
 *
 * @module
 */

/** Every mistake that can be injected, with what goes wrong. */
export const INJECTABLE_FAULTS = {
  skip_start: "No listener is told that a window opens",
  skip_end: "No listener is told that a window closes",
  late_start: "Listeners are told that a window opens only when it closes: notify after set",
  short_range: "Windows lose their last page",
  wrong_range: "Windows are told one page too high",
  wrong_event: "Windows claim to be SOFT_DIRTY whatever they do",
  skip_split_clear: "Splitting a huge entry sends no window",
  skip_invalidate_range: "invalidate_range is never called: device TLBs stay stale",
  skip_change_pte: "change_pte is not delivered",
  leak_frame: "One reference of a freed page is kept",
  lost_mapcount: "Unmapping forgets to lower the map count",
  leak_pin: "Dropping a long-term pin keeps the reference",
  ignore_start: "A listener keeps its entries whatever start says",
  forget_retry: "A device installs its translation without checking for invalidations",
  ignore_change_pte: "A listener accepts change_pte and does nothing",
  ignore_soft_dirty: "A listener does not report device writes after SOFT_DIRTY",
  flag_in_event: "A listener looks for USE_CHANGE_PTE in the event instead of the flags (B-25)",
} as const;

/** The name of an injectable mistake. */
export type FaultName = keyof typeof INJECTABLE_FAULTS;

/**
 * Checks the name of a mistake.
 *
 * @param name The name.
 * @throws {RangeError} If there is no such mistake.
 */
export function requireFault(name: string): void {
  if (Object.hasOwn(INJECTABLE_FAULTS, name)) return;
  const known = Object.keys(INJECTABLE_FAULTS).join(", ");
  throw new RangeError(`Cannot inject fault "${name}": expected one of ${known}`);
}

/** Mistakes after which a device can reach memory that is not its own, or write unnoticed. */
export const UNSAFE_FAULTS: ReadonlySet<FaultName> = new Set<FaultName>([
  "skip_start",
  "late_start",
  "short_range",
  "wrong_range",
  "wrong_event",
  "skip_invalidate_range",
  "skip_change_pte",
  "lost_mapcount",
  "ignore_start",
  "forget_retry",
  "ignore_change_pte",
  "ignore_soft_dirty",
  "flag_in_event",
]);

/** The mistakes in force. */
export interface FaultSet {
  /** How many there are. */
  readonly size: number;
  /**
   * Asks whether a mistake is made here; asked only where it would make a difference.
   *
   * @param fault The mistake.
   * @param site Call site of the window concerned, where there is one.
   * @returns True if so.
   */
  has(fault: FaultName, site?: number): boolean;
}

/** No mistakes. */
export const NO_FAULTS: FaultSet = new Set<FaultName>();

/** A mistake and where it is made: a call site of windows, or 0 for anywhere else. */
export interface FaultPlace {
  /** The mistake. */
  readonly fault: FaultName;
  /** Number of the call site, or 0. */
  readonly site: number;
}

/**
 * One mistake at one call site, or none at all; either way it notes the places that ask.
 *
 * @example
 * ```ts
 * import { FaultProbe } from "./faults.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const probe = new FaultProbe({ fault: "skip_end", site: 2 });
 * assertEquals([probe.has("skip_end", 2), probe.has("skip_end", 3)], [true, false]);
 * assertEquals(probe.places(), [{ fault: "skip_end", site: 2 }, { fault: "skip_end", site: 3 }]);
 * ```
 */
export class FaultProbe implements FaultSet {
  /** Never 0, so that nobody skips the question. */
  readonly size: number = 1;
  readonly #place: FaultPlace | null;
  readonly #base: FaultSet;
  readonly #asked = new Map<FaultName, Set<number>>();

  /**
   * Makes a probe.
   *
   * @param place The mistake to make; null makes none and only notes who asks.
   * @param base Mistakes that are made anyway.
   */
  constructor(place: FaultPlace | null = null, base: FaultSet = NO_FAULTS) {
    this.#place = place;
    this.#base = base;
  }

  /**
   * Asks whether a mistake is made here, and notes the question.
   *
   * @param fault The mistake.
   * @param site Call site of the window concerned, or 0.
   * @returns True if so.
   */
  has(fault: FaultName, site = 0): boolean {
    let sites = this.#asked.get(fault);
    if (sites === undefined) this.#asked.set(fault, sites = new Set());
    sites.add(site);
    if (this.#place?.fault === fault && this.#place.site === site) return true;
    return this.#base.has(fault, site);
  }

  /**
   * Lists the places where a mistake would make a difference.
   *
   * @returns Every place that asked, mistakes in the order of {@linkcode INJECTABLE_FAULTS}.
   */
  places(): FaultPlace[] {
    return (Object.keys(INJECTABLE_FAULTS) as FaultName[]).flatMap((fault) =>
      [...this.#asked.get(fault) ?? []].sort((a, b) => a - b).map((site) => ({ fault, site }))
    );
  }
}
