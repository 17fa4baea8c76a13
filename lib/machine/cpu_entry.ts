/**
 * Whether a CPU entry can carry a device's translation.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";
import type { Mm } from "../mm/mm_struct.ts";
import { PTE_PRESENT, PTE_PROTNONE, pteAccessible } from "../mm/flags.ts";
import { VM_ACCESS_FLAGS } from "../mm/vma.ts";

/**
 * Tells whether a device may keep a read-only translation of what an entry maps.
 *
 * An entry that NUMA balancing has made inaccessible still maps its page and its mapping still
 * grants access: it is present to the kernel (arch/x86: pte_present), and a listener that keeps a
 * read-only translation over that window reaches the right page.
 *
 * @param mm The address space.
 * @param address The page.
 * @param flags PTE_ flags of its entry.
 * @returns True if the entry maps a page that the process may access.
 */
export function carriesTranslation(mm: Mm, address: Vaddr, flags: number): boolean {
  if (pteAccessible(flags)) return true;
  const hint = PTE_PRESENT | PTE_PROTNONE;
  if ((flags & hint) !== hint) return false;
  return ((mm.vmaAt(address)?.flags ?? 0) & VM_ACCESS_FLAGS) !== 0;
}
