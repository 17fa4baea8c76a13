/**
 * Page-table entries: one word of flags beside one word of frame number or swap slot.
 *
 * The flags fit into 16 bits, so that an entry takes six bytes; the later ones say what an entry is
 * that is not present.
 * From arch/x86/include/asm/pgtable_types.h and include/linux/swapops.h.
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
