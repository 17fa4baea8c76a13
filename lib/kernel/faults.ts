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
  skip_invalidate_range: "The call between start and end is left out",
  skip_change_pte: "change_pte is not delivered",
  short_range: "Windows lose their last page",
  leak_frame: "One reference of a freed page is kept",
  lost_mapcount: "Unmapping forgets to lower the map count",
  leak_pin: "Dropping a long-term pin keeps the reference",
  ignore_start: "A listener keeps its entries whatever start says",
  forget_retry: "A device installs its translation without checking for invalidations",
  ignore_change_pte: "A listener accepts change_pte and does nothing",
  ignore_soft_dirty: "A listener does not report device writes after SOFT_DIRTY",
} as const;

/** The name of an injectable mistake. */
export type FaultName = keyof typeof INJECTABLE_FAULTS;

/** The mistakes in force. */
export type FaultSet = ReadonlySet<FaultName>;

/** No mistakes. */
export const NO_FAULTS: FaultSet = new Set<FaultName>();
