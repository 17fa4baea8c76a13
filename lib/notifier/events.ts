/**
 * The reasons of an invalidation and the flags of a range.
 *
 * From include/linux/mmu_notifier.h, enum mmu_notifier_event of the series.
 *
 * @module
 */

/** The range leaves the address space (munmap) or is moved (mremap). */
export const MMU_NOTIFY_UNMAP = 0;
/** Entries are cleared or replaced; the vma stays. */
export const MMU_NOTIFY_CLEAR = 1;
/** Access changes in a way the vma's protection alone describes. */
export const MMU_NOTIFY_PROTECTION_VMA = 2;
/** Access changes page by page. */
export const MMU_NOTIFY_PROTECTION_PAGE = 3;
/** Same page, same access; dirty tracking restarts. */
export const MMU_NOTIFY_SOFT_DIRTY = 4;

/** Pages go to the memory of a device or come back from it; later kernels alone say so (v5.9). */
export const MMU_NOTIFY_MIGRATE = 6;

/** Code of an event: an index into {@linkcode WINDOW_EVENT_NAMES}. */
export type MmuNotifierEvent = 0 | 1 | 2 | 3 | 4 | 6;

/** Names of the events of the series in the order of their codes; policies are about these. */
export const EVENT_NAMES = [
  "UNMAP",
  "CLEAR",
  "PROTECTION_VMA",
  "PROTECTION_PAGE",
  "SOFT_DIRTY",
] as const;

/** Name of an event of the series. */
export type EventName = typeof EVENT_NAMES[number];

/**
 * Names of all events in the order of their codes, those of later kernels too.
 *
 * Only interval notifiers and device-exclusive memory get RELEASE and EXCLUSIVE, which are not
 * simulated.
 */
export const WINDOW_EVENT_NAMES = [...EVENT_NAMES, "RELEASE", "MIGRATE", "EXCLUSIVE"] as const;

/** Name of an event that a window may have. */
export type WindowEventName = typeof WINDOW_EVENT_NAMES[number];

/** The listener may sleep in start and end. */
export const MMU_NOTIFIER_RANGE_BLOCKABLE = 1 << 0;
/** Every change in the window goes through change_pte (patch 9). */
export const MMU_NOTIFIER_USE_CHANGE_PTE = 1 << 1;
