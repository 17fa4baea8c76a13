/**
 * Page tables before and after each step of a run: the CPU's and those of the listeners.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import type { Machine } from "../machine/machine.ts";
import { type EntryState, type PageChange, TableCopy } from "../machine/page_changes.ts";
import { entryStateText } from "./changes_text.ts";
import type { ReportPageChange, ReportPageStep } from "./document.ts";
import { rangeName } from "./trace_text.ts";

/** Most runs of pages that are kept of one step. */
export const MAX_PAGE_CHANGES = 24;
/** Most steps that are kept of one run. */
export const MAX_PAGE_STEPS = 200;

/** Follows the page tables of one run. */
export class PageSteps {
  readonly #machine: Machine;
  readonly #copies = new Map<string, TableCopy>();
  readonly #steps: ReportPageStep[] = [];
  #step = -1;

  /**
   * Begins with the tables as they are.
   *
   * @param machine A machine before its first step.
   */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#take();
  }

  /**
   * Notes that a step begins, or after the last one that there is none left.
   *
   * @param step Its index.
   */
  beginStep(step: number): void {
    this.#endStep();
    this.#step = step;
  }

  /**
   * Ends.
   *
   * @returns The steps that changed a table.
   */
  finish(): ReportPageStep[] {
    return this.#steps;
  }

  #endStep(): void {
    if (this.#step < 0 || this.#steps.length >= MAX_PAGE_STEPS) return;
    const changes = this.#take();
    if (changes.length === 0) return;
    const shown = changes.slice(0, MAX_PAGE_CHANGES);
    this.#steps.push({ step: this.#step, changes: shown, more: changes.length - shown.length });
  }

  /** What has changed since the last time. */
  #take(): ReportPageChange[] {
    const { processes, listeners } = this.#machine;
    const cpu = [...processes].flatMap(([name, mm]) =>
      this.#copyOf(`cpu ${name}`).takeProcess(mm).map((change) =>
        this.#changeOf(change, name, name, false)
      )
    );
    const devices = [...listeners].flatMap(([name, { listener, process }]) =>
      this.#copyOf(`device ${name}`).takeListener(listener).map((change) =>
        this.#changeOf(change, name, process, true)
      )
    );
    return [...cpu, ...devices];
  }

  #changeOf(
    { start, pages, before, after }: PageChange,
    table: string,
    process: string,
    isDevice: boolean,
  ): ReportPageChange {
    const where = rangeName(this.#machine, start, start + pages * PAGE_SIZE, process);
    const stateText = (state: EntryState) => runStateText(state, pages, isDevice);
    return { table, where, before: stateText(before), after: stateText(after) };
  }

  #copyOf(owner: string): TableCopy {
    let copy = this.#copies.get(owner);
    if (copy === undefined) this.#copies.set(owner, copy = new TableCopy());
    return copy;
  }
}

/** Words the entries of a run of pages, whose frames are one or follow each other. */
function runStateText({ flags, pfn, step }: EntryState, pages: number, isDevice: boolean): string {
  const text = entryStateText(flags, pfn, isDevice);
  if (step === 0 || pages === 1) return text;
  const last = (pfn + pages - 1).toString(16);
  return text.replace(/^frame (\w+)/, (_, first: string) => `frames ${first}..${last}`);
}
