/**
 * Evaluation of expectations on pages.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import type { PageDemand, PlacedRange } from "./expectation.ts";
import { match } from "./matcher.ts";
import type { FoundRange, Mismatch, Observed, PageFacts } from "./observed.ts";
import { argumentText } from "./arguments.ts";
import { valueDiff } from "./value_diff.ts";

const SHOWN = 4;

/**
 * Checks one demand on the pages of a range.
 *
 * @param where The pages.
 * @param demand What they must be.
 * @param observed The machine.
 * @returns What differs, or undefined if all is well.
 */
export function checkPages(
  where: PlacedRange,
  demand: PageDemand,
  observed: Observed,
): Mismatch | undefined {
  const found = observed.resolve(where);
  if (found === undefined) {
    return { subject: placedText(where), expected: "a mapping", actual: "none of that name" };
  }
  if ("distinctFrames" in demand) return checkDistinct(where, found, demand, observed);
  const runs: PageRun[] = [];
  for (let page = 0; page < found.pages; page++) {
    const outcome = checkPage(found, page, demand, observed);
    const run = runs.at(-1);
    if (run !== undefined && isSame(run, outcome)) run.pages++;
    else runs.push({ ...outcome, first: page, pages: 1 });
  }
  const wrong = runs.filter(({ holds }) => !holds);
  if (wrong.length === 0) return undefined;
  const subject = subjectOf(demand);
  const mismatch = {
    subject: `${placedText(where)} ${subject}`,
    expected: wrong[wrong.length - 1].expected,
    actual: list(wrong.map((run) => `${run.actual} on ${runName(where, run)}`)),
  };
  if (found.pages === 1) return mismatch;
  const values = runs.map((run) => ({ ...run, what: `${runName(where, run)} ${subject}` }));
  return { ...mismatch, diff: valueDiff(values) };
}

/**
 * Writes a range with its process, where it names one.
 *
 * @param where The range.
 * @returns Text such as `child:ram[0..4]`.
 */
export function placedText(where: PlacedRange): string {
  const text = argumentText(where.range);
  return where.process === undefined ? text : `${where.process}:${text}`;
}

/** What one page shows. */
interface PageOutcome {
  readonly expected: string;
  readonly actual: string;
  readonly holds: boolean;
}

/** Pages in a row that show the same. */
interface PageRun extends PageOutcome {
  readonly first: number;
  pages: number;
}

function isSame(one: PageOutcome, other: PageOutcome): boolean {
  return one.holds === other.holds && one.actual === other.actual &&
    one.expected === other.expected;
}

type SinglePageDemand = Exclude<PageDemand, { distinctFrames: unknown }>;

function checkPage(
  found: FoundRange,
  page: number,
  demand: SinglePageDemand,
  observed: Observed,
): PageOutcome {
  const address = found.start + page * PAGE_SIZE;
  if ("listener" in demand) {
    const actual = observed.access(demand.listener, address) ?? "no such listener";
    return outcome(demand.access, actual, actual === demand.access);
  }
  const facts = observed.page(found.process, address);
  if ("flag" in demand) {
    const actual = facts?.[demand.flag] ?? false;
    return outcome(String(demand.value), String(actual), actual === demand.value);
  }
  if ("number" in demand) {
    const actual = facts?.[demand.number] ?? NaN;
    const result = match(actual, demand.matcher, (name) => observed.figure(name));
    return outcome(result.expected, Number.isNaN(actual) ? "no page" : `${actual}`, result.holds);
  }
  return checkFrame(facts, page, demand, observed);
}

function checkFrame(
  facts: PageFacts | undefined,
  page: number,
  demand: Extract<PageDemand, { frames: unknown }>,
  observed: Observed,
): PageOutcome {
  const same = demand.frames === "same";
  const expected = `${same ? "the frame" : "another frame than that"} of ${placedText(demand.as)}`;
  const other = observed.resolve(demand.as);
  if (other === undefined) return { expected, actual: "no such mapping", holds: false };
  const at = other.start + (other.pages === 1 ? 0 : page) * PAGE_SIZE;
  const pfn = facts?.pfn ?? -1;
  const otherPfn = observed.page(other.process, at)?.pfn ?? -1;
  if (pfn < 0 || otherPfn < 0) return { expected, actual: "no frame", holds: false };
  return outcome(expected, `frame ${pfn} against ${otherPfn}`, (pfn === otherPfn) === same);
}

function checkDistinct(
  where: PlacedRange,
  found: FoundRange,
  demand: Extract<PageDemand, { distinctFrames: unknown }>,
  observed: Observed,
): Mismatch | undefined {
  const frames = new Set<number>();
  for (let page = 0; page < found.pages; page++) {
    const pfn = observed.page(found.process, found.start + page * PAGE_SIZE)?.pfn ?? -1;
    if (pfn >= 0) frames.add(pfn);
  }
  const { holds, expected } = match(
    frames.size,
    demand.distinctFrames,
    (name) => observed.figure(name),
  );
  if (holds) return undefined;
  return { subject: `${placedText(where)} frames`, expected, actual: `${frames.size}` };
}

function outcome(expected: string, actual: string, holds: boolean): PageOutcome {
  return { expected, actual, holds };
}

function subjectOf(demand: SinglePageDemand): string {
  if ("flag" in demand) return demand.flag;
  if ("number" in demand) return demand.number;
  if ("listener" in demand) return `access of ${demand.listener}`;
  return "frame";
}

function runName(where: PlacedRange, { first, pages }: PageRun): string {
  const { mapping, firstPage } = where.range;
  return argumentText({ mapping, firstPage: firstPage + first, pages });
}

function list(wrong: readonly string[]): string {
  const shown = wrong.slice(0, SHOWN).join(", ");
  return wrong.length > SHOWN ? `${shown} and ${wrong.length - SHOWN} more` : shown;
}
