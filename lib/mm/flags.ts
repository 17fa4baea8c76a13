/**
 * The flags of page-table entries (PTE_) and of frames (PG_).
 *
 * A page-table entry is one word of flags beside one word of frame number or swap slot. The flags fit
 * into 16 bits, so that an entry takes six bytes; the later ones say what an entry is that is not
 * present. The four top bits of a frame's flags hold the high part of its page offset, see
 * {@linkcode Frames}.
 *
 * From arch/x86/include/asm/pgtable_types.h, include/linux/swapops.h and include/linux/page-flags.h.
 *
 * @module
 */

/** The entry maps a frame (also set, with {@linkcode PTE_PROTNONE}, where access was taken away). */
export const PTE_PRESENT = 1 << 0;
/** The CPU may write; in a migration entry: it will be allowed to again. */
export const PTE_WRITE = 1 << 1;
/** Accessed. */
export const PTE_YOUNG = 1 << 3;
/** Written. */
export const PTE_DIRTY = 1 << 4;
/** No access: PROT_NONE or a NUMA hint. */
export const PTE_PROTNONE = 1 << 5;
/** No struct page to account: the zero page. */
export const PTE_SPECIAL = 1 << 6;
/** Write-protected by userfaultfd. */
export const PTE_UFFD_WP = 1 << 7;
/** Soft-dirty. */
export const PTE_SOFT_DIRTY = 1 << 8;
/** Code may be fetched. */
export const PTE_EXEC = 1 << 2;
/** Not present: the number is a swap slot. */
export const PTE_SWAP = 1 << 9;
/** Not present: the frame is being migrated. */
export const PTE_MIGRATION = 1 << 10;
/** Not present: the frame is poisoned. */
export const PTE_HWPOISON = 1 << 11;
/** Not present: a marker that only carries the userfaultfd bit. */
export const PTE_MARKER = 1 << 12;
/** In a swap or migration entry: the page was exclusive to this entry. */
export const PTE_SWP_EXCLUSIVE = 1 << 13;
/** Not present: device-private memory. */
export const PTE_DEVICE_PRIVATE = 1 << 14;

/** Bits that a protection change keeps (arch/x86: _PAGE_CHG_MASK). */
export const PTE_CHG_MASK: number = PTE_YOUNG | PTE_DIRTY | PTE_SPECIAL | PTE_UFFD_WP |
  PTE_SOFT_DIRTY;

/** What every kernel-made dirty entry carries on x86: dirty and soft-dirty together. */
export const PTE_MKDIRTY: number = PTE_DIRTY | PTE_SOFT_DIRTY;

/**
 * Tells whether the CPU may write through an entry.
 *
 * @param flags The entry's flags.
 * @returns True if present, accessible and writable.
 */
export function pteWritable(flags: number): boolean {
  return (flags & (PTE_PRESENT | PTE_WRITE | PTE_PROTNONE)) === (PTE_PRESENT | PTE_WRITE);
}

/**
 * Tells whether the CPU may read through an entry.
 *
 * @param flags The entry's flags.
 * @returns True if present and not PROT_NONE.
 */
export function pteAccessible(flags: number): boolean {
  return (flags & (PTE_PRESENT | PTE_PROTNONE)) === PTE_PRESENT;
}

/**
 * Tells whether the CPU may access memory through an entry.
 *
 * @param flags The entry's flags.
 * @param write Whether it wants to write.
 * @returns True if it takes no fault.
 */
export function pteAllows(flags: number, write: boolean): boolean {
  return write ? pteWritable(flags) : pteAccessible(flags);
}

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
