/**
 * What migration entries keep of the entries they stand for.
 *
 * From mm/migrate.c: remove_migration_pte and mm/rmap.c: try_to_migrate_one.
 *
 * @module
 */

import {
  PTE_DEVICE_PRIVATE,
  PTE_DIRTY,
  PTE_MIGRATION,
  PTE_MKDIRTY,
  PTE_SOFT_DIRTY,
  PTE_SWP_EXCLUSIVE,
  PTE_UFFD_WP,
  PTE_WRITE,
  PTE_YOUNG,
} from "./flags.ts";
import { VM_WRITE, type Vma, vmPageProt } from "./vma.ts";

const KEPT = PTE_WRITE | PTE_SOFT_DIRTY | PTE_UFFD_WP | PTE_YOUNG | PTE_DIRTY;

/**
 * Turns the flags of a present entry into those of a migration entry.
 *
 * @param flags PTE_ flags of the present entry.
 * @param exclusive Whether the page was exclusive to it.
 * @returns PTE_ flags of the migration entry.
 */
export function migrationEntryFlags(flags: number, exclusive: boolean): number {
  return PTE_MIGRATION | (flags & KEPT) | (exclusive ? PTE_SWP_EXCLUSIVE : 0);
}

/**
 * Turns the flags of a migration entry back into those of a present one.
 *
 * @param vma The mapping, whose rights may have changed meanwhile.
 * @param entry PTE_ flags of the migration entry.
 * @returns PTE_ flags of the present entry.
 */
export function restoredEntryFlags(vma: Vma, entry: number): number {
  let flags = vmPageProt(vma) | (entry & (PTE_SOFT_DIRTY | PTE_UFFD_WP));
  if (vma.mm.host.profile.migrationKeepsDirty) {
    flags |= entry & PTE_YOUNG;
    if ((entry & PTE_DIRTY) !== 0) flags |= PTE_MKDIRTY;
  }
  if ((entry & PTE_WRITE) !== 0 && (vma.flags & VM_WRITE) !== 0) flags |= PTE_WRITE;
  return flags;
}

/**
 * Turns the flags of a migration entry into those of an entry that names a frame of a device.
 *
 * Dirty, young and soft-dirty bits are lost. From include/linux/swapops.h:
 * make_writable_device_private_entry, make_readable_device_private_entry.
 *
 * @param entry PTE_ flags of the migration entry.
 * @returns PTE_ flags of the device-private entry.
 */
export function deviceEntryFlags(entry: number): number {
  return PTE_DEVICE_PRIVATE | (entry & PTE_WRITE);
}
