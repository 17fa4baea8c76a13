/**
 * Flags of a frame, named as in include/linux/page-flags.h.
 *
 * The four top bits hold the high part of the frame's page offset, see {@linkcode Frames}.
 *
 * @module
 */

/** Anonymous memory; the mapping is an anon_vma. */
export const PG_ANON = 1 << 0;
/** A KSM page; the mapping is a stable node. */
export const PG_KSM = 1 << 1;
/** Page cache of a file (shmem included). */
export const PG_FILE = 1 << 2;
/** Locked. */
export const PG_LOCKED = 1 << 3;
/** Referenced since reclaim last looked. */
export const PG_REFERENCED = 1 << 4;
/** Written since it was last clean. */
export const PG_DIRTY = 1 << 5;
/** On a reclaim list. */
export const PG_LRU = 1 << 6;
/** On the active list. */
export const PG_ACTIVE = 1 << 7;
/** Backed by swap; an anonymous frame without it is lazily free. */
export const PG_SWAPBACKED = 1 << 8;
/** In the swap cache. */
export const PG_SWAPCACHE = 1 << 9;
/** Locked into memory. */
export const PG_MLOCKED = 1 << 10;
/** Not evictable. */
export const PG_UNEVICTABLE = 1 << 11;
/** Taken off its list by migration or reclaim, which holds a reference. */
export const PG_ISOLATED = 1 << 12;
/** Never freed: the zero page. */
export const PG_RESERVED = 1 << 13;
/** First page of a compound page. */
export const PG_HEAD = 1 << 14;
/** Later page of a compound page. */
export const PG_TAIL = 1 << 15;
/** Belongs to hugetlbfs. */
export const PG_HUGETLB = 1 << 16;
/** Poisoned. */
export const PG_HWPOISON = 1 << 17;
/** Mapped by one entry of one process alone (6.x: PG_anon_exclusive). */
export const PG_ANON_EXCLUSIVE = 1 << 18;
/** Free, in the allocator. */
export const PG_BUDDY = 1 << 19;
/** Kernel memory that cannot move. */
export const PG_UNMOVABLE = 1 << 20;
/** Being written back. */
export const PG_WRITEBACK = 1 << 21;
/** In the LRU scanner's list of reclaimable frames once dropped clean (PG_reclaim). */
export const PG_RECLAIM = 1 << 22;

/** Shift of the page offset's high bits. */
export const PG_INDEX_SHIFT = 28;
/** Mask of all flags below the page offset's high bits. */
export const PG_FLAGS_MASK: number = (1 << PG_INDEX_SHIFT) - 1;
