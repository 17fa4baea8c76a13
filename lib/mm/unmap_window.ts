/**
 * The window in which one mapping of a page is taken away or frozen.
 *
 * @module
 */

import type { Vaddr } from "../kernel/address.ts";
import type { Operation } from "../kernel/operation.ts";
import { MMU_NOTIFY_CLEAR } from "../notifier/events.ts";
import { mmuNotifierRangeInit } from "../notifier/range.ts";
import { SITE } from "../notifier/sites.ts";
import { changeInWindow } from "../notifier/window.ts";
import type { Vma } from "./vma.ts";

/**
 * Changes the entries of a page at one place, inside a CLEAR window that is opened before it is
 * known whether anything is mapped there (mm/rmap.c: try_to_unmap_one, try_to_migrate_one).
 *
 * @typeParam T Type of the result.
 * @param vma The mapping.
 * @param start First byte.
 * @param end First byte after.
 * @param change Changes the entries.
 * @returns What the change returned.
 */
export function changeInUnmapWindow<T>(
  vma: Vma,
  start: Vaddr,
  end: Vaddr,
  change: () => T,
): Operation<T> {
  const site = SITE.try_to_unmap_one;
  return changeInWindow(
    mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, vma, vma.mm, start, end, site),
    change,
  );
}
