/**
 * Shrinking a list to the part that still fails.
 *
 * @module
 */

/**
 * Removes parts of a list, large ones first, until no single item can be removed (delta debugging).
 *
 * @typeParam T Type of an item.
 * @param items The list; it fails.
 * @param fails Whether a list fails.
 * @returns A part of the list that fails, from which no single item can be left out.
 */
export function shrink<T>(items: readonly T[], fails: (items: readonly T[]) => boolean): T[] {
  let kept = [...items];
  for (let size = Math.ceil(kept.length / 2); size >= 1;) {
    const before = kept.length;
    for (let at = kept.length - size; at > -size; at -= size) {
      const from = Math.max(at, 0);
      const fewer = [...kept.slice(0, from), ...kept.slice(at + size)];
      if (fewer.length < kept.length && fails(fewer)) kept = fewer;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (kept.length === before) break;
  }
  return kept;
}
