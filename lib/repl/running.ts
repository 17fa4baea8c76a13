/**
 * Running a session on, until something stops it.
 *
 * @module
 */

import { amount } from "../report/numbers.ts";
import { failuresText, tickText } from "../report/steps_text.ts";
import { type Breakpoint, Breakpoints } from "./breakpoints.ts";
import { holds } from "./conditions.ts";
import type { Session, Work } from "./session.ts";

/** Lets others have a turn: gives nothing to wait for, or a promise; throws if the work is to end. */
export type Breathe = () => Promise<void> | undefined;

/**
 * Does work of a session to its end, with a breath at every point at which it may be interrupted.
 *
 * @typeParam T Type of the result.
 * @param work The work; it is used up.
 * @param breathe Takes the breath; what it throws is thrown into the work, which undoes itself.
 * None is taken unless given.
 * @returns What the work returned.
 * @throws {unknown} What the work or `breathe` throws.
 */
export async function runBreathing<T>(
  work: Work<T>,
  breathe: Breathe = () => undefined,
): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    try {
      const waiting = breathe();
      if (waiting !== undefined) await waiting;
    } catch (error) {
      // What has to be put right on the way out may come to further points
      for (;;) work.throw(error);
    }
  }
}

/** How far to run. */
export interface RunOnOptions {
  /** Most ticks. */
  readonly ticks?: number;
  /** Condition at which to stop. */
  readonly until?: string;
  /** Whether to stop where another line of the scenario begins. */
  readonly line?: boolean;
  /** Where else to stop; nowhere unless given. */
  readonly breakpoints?: Breakpoints;
  /** Called before each tick and where it may be interrupted. */
  readonly breathe?: Breathe;
}

/** Most ticks that are shown one by one. */
const SHOWN = 8;

/**
 * Carries out steps until one of the conditions holds, or none is left.
 *
 * @param session The session.
 * @param options How far.
 * @returns What happened; text that ends in a newline.
 */
export async function runOn(session: Session, options: RunOnOptions): Promise<string> {
  const { ticks = Infinity, breakpoints = new Breakpoints() } = options;
  if (options.until !== undefined) holds(session, options.until);
  const from = session.tick;
  const line = session.steps[from]?.position?.line;
  let stop = "";
  for (let done = 0; done < ticks && stop === ""; done++) {
    const before = done === 0 ? undefined : breakpoints.before(session);
    if (before !== undefined) stop = stopText(before);
    else if (done > 0 && options.line === true && isOtherLine(session, line)) break;
    else if (session.isAtEnd) stop = endText(session);
    else stop = await one(session, options, breakpoints);
  }
  const walked = session.journal.ticks.slice(from).flatMap(({ result }) => result.failures);
  if (walked.some(({ position }) => position !== null)) session.hasFailed = true;
  return ticksText(session, from) + stop;
}

function endText(session: Session): string {
  const failures = session.failuresAtEnd();
  if (failures.length > 0) session.hasFailed = true;
  return `end of the program\n${failuresText(failures)}`;
}

/**
 * Writes what came of the last ticks; of many, the last and those that failed.
 *
 * @param session The session.
 * @param from Number of the tick after which they begin.
 * @returns Text that ends in a newline unless it is empty.
 */
export function ticksText(session: Session, from: number): string {
  const ticks = session.journal.ticks.slice(from).map(({ result, violations }, at) => ({
    text: tickText(from + at + 1, result, violations),
    failed: result.failures.length > 0 || violations.length > 0,
  }));
  if (ticks.length <= SHOWN) return ticks.map(({ text }) => text).join("");
  const last = ticks.pop()!;
  const failures = ticks.filter(({ failed }) => failed).slice(0, SHOWN);
  const shown = [...failures, last].map(({ text }) => text).join("");
  return `${amount(ticks.length + 1, "tick")}\n${shown}`;
}

/** One tick; gives the reason to stop, or nothing. */
async function one(
  session: Session,
  { until, breathe }: RunOnOptions,
  breakpoints: Breakpoints,
): Promise<string> {
  await runBreathing(session.stepping(), breathe);
  if (until !== undefined && holds(session, until)) return `${until}\n`;
  const after = breakpoints.after(session);
  return after === undefined ? "" : stopText(after);
}

function isOtherLine(session: Session, line: number | undefined): boolean {
  return line === undefined || session.steps[session.tick]?.position?.line !== line;
}

function stopText({ id, kind, text }: Breakpoint): string {
  return `${kind === "watch" ? "watch" : "breakpoint"} ${id}: ${
    kind === "line" ? "line " : ""
  }${text}\n`;
}
