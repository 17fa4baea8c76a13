/**
 * What an operation changed in the page tables: the CPU's and those of the listeners.
 *
 * After every tick the tables are compared with a copy of them. Runs of pages that changed alike are
 * one record, so that memory goes with what changed.
 *
 * @module
 */

import { HPAGE_PMD_NR, PAGE_SIZE, PMD_SIZE, tableOf, type Vaddr } from "../kernel/address.ts";
import type { Listener } from "../listeners/listener.ts";
import type { Mm } from "../mm/mm_struct.ts";
import { PTE_PRESENT, PTE_SPECIAL, PTE_WRITE } from "../mm/flags.ts";

/** An entry before or after a change. */
export interface EntryState {
  /** PTE_ flags; 0 for no entry. A listener's entry has PRESENT and WRITE only. */
  readonly flags: number;
  /** Frame (or swap slot) of the first page of the run. */
  readonly pfn: number;
  /** By how much the frame grows from page to page: 1 or 0. */
  readonly step: number;
}

/** Neighbouring pages that changed alike. */
export interface PageChange {
  /** First page. */
  readonly start: Vaddr;
  /** Number of pages. */
  readonly pages: number;
  /** The entries before. */
  readonly before: EntryState;
  /** The entries after. */
  readonly after: EntryState;
}

/** A copy of a last-level table: 512 frames, then 512 flags. */
type Leaf = Uint32Array;
type Leaves = Map<number, Leaf>;

const LEAF_WORDS = 2 * HPAGE_PMD_NR;

/** A copy of one table, against which the next state is compared. */
export class TableCopy {
  #leaves: Leaves = new Map();
  #spare: Leaf[] = [];

  /**
   * Takes the CPU's table of a process.
   *
   * @param mm The address space.
   * @returns What differs from the copy, in order of address; the copy is then current.
   */
  takeProcess(mm: Mm): PageChange[] {
    const changes = new ChangeList();
    const seen = new Set<number>();
    const cursor = mm.pageTable.cursor(0, 2 ** 47);
    while (cursor.next()) {
      const block = tableOf(cursor.base);
      seen.add(block);
      const old = this.#leaves.get(block);
      const { table, pmd, slot } = cursor;
      if (table !== null && old !== undefined && isSame(old, table.pfn, table.flags)) continue;
      const leaf = this.#newLeaf();
      if (table === null) {
        fillHuge(leaf, pmd.hugePfn[slot], pmd.hugeFlags[slot]);
      } else {
        leaf.set(table.pfn, 0);
        leaf.set(table.flags, HPAGE_PMD_NR);
      }
      changes.compare(block, old, leaf);
      this.#keep(block, leaf);
    }
    this.#dropOthers(seen, changes);
    return changes.list();
  }

  /**
   * Takes the translations of a listener.
   *
   * @param listener The listener.
   * @returns What differs from the copy, in order of address; the copy is then current.
   */
  takeListener(listener: Listener): PageChange[] {
    const changes = new ChangeList();
    const next: Leaves = new Map();
    let block = -1;
    let leaf: Leaf | undefined;
    listener.forEachEntry((address, pfn, writable) => {
      const at = tableOf(address);
      if (at !== block || leaf === undefined) {
        block = at;
        leaf = next.get(at) ?? this.#newLeaf();
        next.set(at, leaf);
      }
      const index = (address - at * PMD_SIZE) / PAGE_SIZE;
      leaf[index] = pfn;
      leaf[HPAGE_PMD_NR + index] = PTE_PRESENT | (writable ? PTE_WRITE : 0);
    });
    const blocks = [...new Set([...this.#leaves.keys(), ...next.keys()])].sort((a, b) => a - b);
    for (const at of blocks) {
      const [old, leaf] = [this.#leaves.get(at), next.get(at)];
      if (old === undefined || leaf === undefined || !isEqual(old, leaf)) {
        changes.compare(at, old, leaf);
      }
    }
    this.#spare.push(...this.#leaves.values());
    this.#leaves = next;
    return changes.list();
  }

  #newLeaf(): Leaf {
    return this.#spare.pop()?.fill(0) ?? new Uint32Array(LEAF_WORDS);
  }

  #keep(block: number, leaf: Leaf): void {
    const old = this.#leaves.get(block);
    if (old !== undefined) this.#spare.push(old);
    this.#leaves.set(block, leaf);
  }

  #dropOthers(seen: ReadonlySet<number>, changes: ChangeList): void {
    if (seen.size === this.#leaves.size) return;
    for (const [block, leaf] of [...this.#leaves]) {
      if (seen.has(block)) continue;
      changes.compare(block, leaf, undefined);
      this.#leaves.delete(block);
      this.#spare.push(leaf);
    }
  }
}

/**
 * Reads the state of one page of a run.
 *
 * @param state The state of the run.
 * @param at Number of the page in the run.
 * @returns Flags and frame.
 */
export function stateAt(state: EntryState, at: number): { flags: number; pfn: number } {
  return { flags: state.flags, pfn: state.pfn + at * state.step };
}

function isSame(leaf: Leaf, pfn: Uint32Array, flags: Uint16Array): boolean {
  for (let index = 0; index < HPAGE_PMD_NR; index++) {
    if (leaf[index] !== pfn[index] || leaf[HPAGE_PMD_NR + index] !== flags[index]) return false;
  }
  return true;
}

/** The pages of a huge entry follow each other, but for the zero page, which is one frame. */
function isEqual(one: Leaf, other: Leaf): boolean {
  for (let word = 0; word < LEAF_WORDS; word++) if (one[word] !== other[word]) return false;
  return true;
}

function fillHuge(leaf: Leaf, pfn: number, flags: number): void {
  const step = (flags & PTE_SPECIAL) !== 0 ? 0 : 1;
  for (let index = 0; index < HPAGE_PMD_NR; index++) leaf[index] = pfn + index * step;
  leaf.fill(flags, HPAGE_PMD_NR);
}

/** A run that may still grow. */
interface Run {
  start: Vaddr;
  pages: number;
  oldFlags: number;
  oldPfn: number;
  oldStep: number;
  newFlags: number;
  newPfn: number;
  newStep: number;
}

/** Collects changes page by page and puts neighbours together. */
class ChangeList {
  readonly #changes: PageChange[] = [];
  #run: Run | null = null;

  /** Compares two states of a block; where one is missing, nothing is mapped. */
  compare(block: number, old: Leaf | undefined, next: Leaf | undefined): void {
    for (let index = 0; index < HPAGE_PMD_NR; index++) {
      const oldFlags = old?.[HPAGE_PMD_NR + index] ?? 0;
      const newFlags = next?.[HPAGE_PMD_NR + index] ?? 0;
      const oldPfn = oldFlags === 0 ? 0 : old![index];
      const newPfn = newFlags === 0 ? 0 : next![index];
      if (oldFlags === newFlags && oldPfn === newPfn) continue;
      this.#add(block * PMD_SIZE + index * PAGE_SIZE, oldFlags, oldPfn, newFlags, newPfn);
    }
  }

  /** The changes in order of address. */
  list(): PageChange[] {
    this.#flush();
    return this.#changes.sort((one, other) => one.start - other.start);
  }

  #add(start: Vaddr, oldFlags: number, oldPfn: number, newFlags: number, newPfn: number): void {
    const run = this.#run;
    if (
      run !== null && start === run.start + run.pages * PAGE_SIZE && run.oldFlags === oldFlags &&
      run.newFlags === newFlags
    ) {
      const oldStep = (oldPfn - run.oldPfn) / run.pages;
      const newStep = (newPfn - run.newPfn) / run.pages;
      const fits = run.pages === 1
        ? isStep(oldStep) && isStep(newStep)
        : oldStep === run.oldStep && newStep === run.newStep;
      if (fits) {
        run.oldStep = oldStep;
        run.newStep = newStep;
        run.pages++;
        return;
      }
    }
    this.#flush();
    this.#run = { start, pages: 1, oldFlags, oldPfn, oldStep: 0, newFlags, newPfn, newStep: 0 };
  }

  #flush(): void {
    const run = this.#run;
    this.#run = null;
    if (run === null) return;
    this.#changes.push({
      start: run.start,
      pages: run.pages,
      before: { flags: run.oldFlags, pfn: run.oldPfn, step: run.oldStep },
      after: { flags: run.newFlags, pfn: run.newPfn, step: run.newStep },
    });
  }
}

function isStep(step: number): boolean {
  return step === 0 || step === 1;
}
