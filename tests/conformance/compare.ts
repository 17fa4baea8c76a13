/**
 * Comparing a replayed step with the recorded one, part by part.
 *
 * @module
 */

import { pageText, type ProcessDump, vmaText } from "./dump.ts";
import { eventText } from "./events.ts";
import type { FrameNumbers, Renaming } from "./identity.ts";
import type { PageRun, PhysRun, RecordedEvent, RecordedStep } from "./recording.ts";
import type { Outcome } from "./world.ts";

/** The parts of a step that are compared. */
export const FIELDS = ["ret", "extra", "rangeEvents", "events", "pages", "phys", "vmas"] as const;

/** Name of a part. */
export type Field = typeof FIELDS[number];

/** One difference. */
export interface Difference {
  readonly field: Field;
  /** What the recording says. */
  readonly want: string;
  /** What the replay did. */
  readonly got: string;
}

/** What a replayed step did. */
export interface Replayed {
  readonly outcome: Outcome;
  readonly events: readonly RecordedEvent[];
  readonly processes: ReadonlyMap<string, ProcessDump>;
}

/** What identities need across steps. */
export interface Identities {
  readonly numbers: FrameNumbers;
  readonly renaming: Renaming;
  /** Recorded numbers after the step before, by process and page. */
  before: ReadonlyMap<string, number>;
}

/**
 * Lists the parts of a step that were the same in all recorded runs.
 *
 * @param step The recorded step.
 * @returns Their names.
 */
export function comparedFields(step: RecordedStep): Field[] {
  const unstable = new Set(step.unstableInEarlierBatch ?? []);
  return FIELDS.filter((field) => {
    if (field === "extra") return step.extra !== undefined && step.stable.ret !== false;
    return step.stable[field] !== false && !unstable.has(field);
  });
}

/**
 * Compares all stable parts of a step.
 *
 * @param step The recorded step.
 * @param replayed What the replay did.
 * @param identities Frame numbers of the case, brought up to date.
 * @returns The differences.
 */
export function compareStep(
  step: RecordedStep,
  replayed: Replayed,
  identities: Identities,
): Difference[] {
  const pages = comparePages(step, replayed, identities);
  const found: Record<Field, Difference[]> = {
    ret: differ("ret", resultText(step), resultText(replayed.outcome)),
    extra: differ("extra", extraText(step.extra, step), extraText(replayed.outcome.extra, step)),
    rangeEvents: compareLists("rangeEvents", rangeOnly(step.events), rangeOnly(replayed.events)),
    events: compareLists("events", step.events.map(eventText), replayed.events.map(eventText)),
    pages,
    phys: comparePhys(step, replayed),
    vmas: compareVmas(step, replayed),
  };
  return comparedFields(step).flatMap((field) => found[field]);
}

function rangeOnly(events: readonly RecordedEvent[]): string[] {
  return events.filter(({ cb }) => cb !== "invalidate_range").map(eventText);
}

function resultText({ ret, err }: { ret: unknown; err?: string }): string {
  return err === undefined ? String(ret) : `${ret} ${err}`;
}

function extraText(
  extra: Readonly<Record<string, unknown>> | undefined,
  step: RecordedStep,
): string {
  const names = Object.keys(step.extra ?? {});
  return names.map((name) => `${name} ${JSON.stringify(extra?.[name])}`).join(" ");
}

function differ(field: Field, want: string, got: string): Difference[] {
  return want === got ? [] : [{ field, want, got }];
}

/** One difference with the lists from where they part. */
function compareLists(field: Field, want: readonly string[], got: readonly string[]): Difference[] {
  let at = 0;
  while (at < want.length && want[at] === got[at]) at++;
  if (at === want.length && at === got.length) return [];
  const rest = (list: readonly string[]) => {
    const shown = list.slice(at, at + 6).join("; ");
    return `#${at}: ${shown || "nothing"}${list.length > at + 6 ? " ..." : ""}`;
  };
  return [{ field, want: rest(want), got: rest(got) }];
}

function comparePages(
  step: RecordedStep,
  { processes }: Replayed,
  identities: Identities,
): Difference[] {
  const after = new Map<string, number>();
  const lines: Lines = new Map();
  for (const [name, { pages }] of Object.entries(step.state)) {
    const ours = new Map(processes.get(name)?.pages.map((page) => [page.page, page]));
    for (const [page, run, id] of eachPage(pages)) {
      const own = ours.get(page);
      ours.delete(page);
      const number = own?.zero ?? (own?.pfn === undefined ? null : identities.numbers.of(own.pfn));
      let want = pageText(run);
      let got = own?.text ?? "none";
      if (id !== null) after.set(`${name} ${page}`, id);
      const same = id === null || number === null ? id === number : identities.renaming.matches(
        id,
        number,
        identities.before.get(`${name} ${page}`) === id,
        (live) => identities.numbers.isLive(live),
      );
      if (!same) {
        want += ` frame ${id}`;
        got += ` other frame (${number})`;
      }
      if (want !== got) addLine(lines, `${name} ${want}`, `${name} ${got}`, page);
    }
    for (const [page, own] of ours) addLine(lines, `${name} none`, `${name} ${own.text}`, page);
  }
  identities.before = after;
  return linesToDifference("pages", lines);
}

function comparePhys(step: RecordedStep, { processes }: Replayed): Difference[] {
  const lines: Lines = new Map();
  for (const [name, { phys }] of Object.entries(step.state)) {
    const ours = new Map(processes.get(name)?.pages.map((page) => [page.page, page.phys]));
    for (const [page, run] of eachPage(phys)) {
      const want = `${run.fl} mc${run.mc} node${run.node}`;
      const got = ours.get(page) ?? "none";
      ours.delete(page);
      if (want !== got) addLine(lines, `${name} ${want}`, `${name} ${got}`, page);
    }
    for (const [page, own] of ours) {
      if (own !== undefined) addLine(lines, `${name} none`, `${name} ${own}`, page);
    }
  }
  return linesToDifference("phys", lines);
}

function compareVmas(step: RecordedStep, { processes }: Replayed): Difference[] {
  const text = (name: string, vmas: readonly string[]) => vmas.map((vma) => `${name} ${vma}`);
  const want = Object.entries(step.state).flatMap(([name, state]) => [
    `${name} lives`,
    ...text(name, state.vmas.map(vmaText)),
  ]);
  const got = [...processes].flatMap(([name, dump]) => [
    `${name} lives`,
    ...text(name, dump.vmas),
  ]);
  return compareLists("vmas", want, got);
}

/** Expands runs to pages, with the frame number of each. */
function* eachPage<Run extends PageRun | PhysRun>(
  runs: readonly Run[],
): Generator<[number, Run, number | null]> {
  for (const run of runs) {
    const { id = null, step = 0 } = run as PageRun;
    for (let page = run.from; page < run.to; page++) {
      yield [page, run, id === null ? null : id + step * (page - run.from)];
    }
  }
}

/** Pages by what differs on them. */
type Lines = Map<string, { want: string; got: string; pages: number[] }>;

function addLine(lines: Lines, want: string, got: string, page: number): void {
  const key = `${want} | ${got}`.replaceAll(/\(?-?\d+\)?$/g, "");
  const line = lines.get(key);
  if (line === undefined) lines.set(key, { want, got, pages: [page] });
  else line.pages.push(page);
}

function linesToDifference(field: Field, lines: Lines): Difference[] {
  return [...lines.values()].slice(0, 8).map(({ want, got, pages }) => {
    const more = pages.length > 4 ? `,... (${pages.length})` : "";
    const where = `page ${pages.slice(0, 4).join(",")}${more}`;
    return { field, want: `${where}: ${want}`, got: `${where}: ${got}` };
  });
}
