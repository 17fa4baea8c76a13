/**
 * Reverse mapping of anonymous memory: which vmas may map a page.
 *
 * A page names its anon_vma and its page offset; every vma that could hold the page hangs on that
 * anon_vma. Nothing is kept per page and mapping, so fork costs nothing per page here.
 * From mm/rmap.c.
 *
 * @module
 */

import { insertByOffset, removeFrom } from "./address_space.ts";
import { VM_ACCESS_FLAGS, VM_SOFTDIRTY, type Vma } from "./vma.ts";

/** The anchor of the pages first written through one vma (and its relatives by split and fork). */
export class AnonVma {
  /** Number on the machine; what a frame's mapping word holds. */
  readonly id: number;
  /** The anon_vma it descends from by fork; itself for a root. */
  readonly parent: AnonVma;
  /** The oldest anon_vma of the tree; every relative's vma hangs on it. */
  readonly root: AnonVma;
  /** Vmas that may map its pages, ordered by page offset. */
  readonly vmas: Vma[] = [];
  /** anon_vmas whose parent this is, itself included for a root. */
  children = 0;
  /** Vmas whose own anon_vma this is. */
  activeVmas = 1;

  /**
   * Makes an anon_vma with one active vma; use {@linkcode AnonVmas.create}.
   *
   * @param id Its number.
   * @param parent The one it descends from, or null for a root.
   */
  constructor(id: number, parent: AnonVma | null) {
    this.id = id;
    this.parent = parent ?? this;
    this.root = parent?.root ?? this;
    this.parent.children++;
  }
}

/** Makes and numbers the anon_vmas of a machine. */
export class AnonVmas {
  readonly #all: AnonVma[] = [];

  /**
   * Makes an anon_vma.
   *
   * @param parent The one it descends from, or null for a root.
   * @returns The anon_vma.
   */
  create(parent: AnonVma | null): AnonVma {
    const anonVma = new AnonVma(this.#all.length, parent);
    this.#all.push(anonVma);
    return anonVma;
  }

  /**
   * Finds an anon_vma by number.
   *
   * @param id Its number.
   * @returns The anon_vma.
   */
  get(id: number): AnonVma {
    return this.#all[id];
  }
}

/**
 * Gives a vma an anon_vma before its first anonymous page (mm/rmap.c: __anon_vma_prepare).
 *
 * A neighbour's is shared where the two could be merged, so that mprotect later can.
 *
 * @param vma The mapping; nothing is done if it has one.
 */
export function anonVmaPrepare(vma: Vma): void {
  if (vma.anonVma !== null) return;
  const { prev, next } = vma.mm.neighbours(vma);
  let anonVma = next ? reusableAnonVma(next, vma, next) : null;
  anonVma ??= prev ? reusableAnonVma(prev, prev, vma) : null;
  if (anonVma === null) anonVma = vma.mm.host.anonVmas.create(null);
  else anonVma.activeVmas++;
  vma.anonVma = anonVma;
  link(vma, anonVma);
}

/**
 * Gives a copy of a vma (by split or fork) the same chain (mm/rmap.c: anon_vma_clone).
 *
 * A split copies the anon_vma before; a forked vma comes without and may reuse one of the chain.
 *
 * @param to The copy.
 * @param from The original.
 */
export function anonVmaClone(to: Vma, from: Vma): void {
  for (const anonVma of from.anonVmaChain) {
    link(to, anonVma);
    if (to.anonVma === null && from.anonVma !== null && reusableByChild(anonVma)) {
      to.anonVma = anonVma;
    }
  }
  if (to.anonVma !== null) to.anonVma.activeVmas++;
}

/**
 * Ties a child's vma to its parent's pages and gives it an anon_vma of its own (mm/rmap.c:
 * anon_vma_fork).
 *
 * @param to The child's mapping.
 * @param from The parent's.
 */
export function anonVmaFork(to: Vma, from: Vma): void {
  to.anonVma = null;
  if (from.anonVma === null) return;
  anonVmaClone(to, from);
  if (to.anonVma !== null) return;
  const anonVma = to.mm.host.anonVmas.create(from.anonVma);
  to.anonVma = anonVma;
  link(to, anonVma);
}

/**
 * Takes a vma off every anon_vma (mm/rmap.c: unlink_anon_vmas).
 *
 * @param vma The mapping.
 */
export function unlinkAnonVmas(vma: Vma): void {
  for (const anonVma of vma.anonVmaChain) {
    removeFrom(anonVma.vmas, vma);
    if (anonVma.vmas.length === 0) anonVma.parent.children--;
  }
  vma.anonVmaChain.length = 0;
  if (vma.anonVma !== null) vma.anonVma.activeVmas--;
  vma.anonVma = null;
}

/**
 * Runs a change of a vma's bounds while it is off its anon_vma and file lists, which are ordered by
 * page offset.
 *
 * @param vma The mapping.
 * @param change What changes `start`, `end` or `pgoff`.
 */
export function whileUnlinked(vma: Vma, change: () => void): void {
  for (const anonVma of vma.anonVmaChain) removeFrom(anonVma.vmas, vma);
  if (vma.file) removeFrom(vma.file.mappings, vma);
  change();
  for (const anonVma of vma.anonVmaChain) insertByOffset(anonVma.vmas, vma);
  if (vma.file) insertByOffset(vma.file.mappings, vma);
}

function link(vma: Vma, anonVma: AnonVma): void {
  vma.anonVmaChain.push(anonVma);
  insertByOffset(anonVma.vmas, vma);
}

function reusableByChild(anonVma: AnonVma): boolean {
  return anonVma.children < 2 && anonVma.activeVmas === 0;
}

function reusableAnonVma(old: Vma, low: Vma, high: Vma): AnonVma | null {
  if (old.anonVma === null || old.anonVmaChain.length !== 1) return null;
  return anonVmaCompatible(low, high) ? old.anonVma : null;
}

function anonVmaCompatible(low: Vma, high: Vma): boolean {
  const differing = (low.flags ^ high.flags) & ~(VM_ACCESS_FLAGS | VM_SOFTDIRTY);
  return low.end === high.start && low.policy?.node === high.policy?.node &&
    low.file === high.file && differing === 0 &&
    high.pgoff === low.pgoff + low.pages;
}
