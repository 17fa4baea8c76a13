/**
 * Running a session on, until something stops it.
 *
 * @module
 */

import { amount } from "../report/numbers.ts";
import { tickText } from "../report/steps_text.ts";
import { type Breakpoint, Breakpoints } from "./breakpoints.ts";
import { holds } from "./conditions.ts";
import type { Session } from "./session.ts";

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
  /**
   * Called before each tick; the run goes on when what it returns settles.
   *
   * @returns Nothing to wait for, or a promise.
   */
  readonly breathe?: () => Promise<void> | undefined;
}

/** Texts of ticks shown one by one; of longer runs the last and those that failed. */
const SHOWN = 8;

/**
 * Carries out steps until one of the conditions holds, or none is left.
 *
 * @param session The session.
 * @param options How far.
 * @returns What happened; text that ends in a newline.
 */
export async function runOn(session: Session, options: RunOnOptions): Promise<string> {
  const { ticks = Infinity, breakpoints = new Breakpoints(), breathe } = options;
  if (options.until !== undefined) holds(session, options.until);
  const texts: string[] = [];
  const failed: string[] = [];
  const line = session.steps[session.tick]?.position?.line;
  let stop = "";
  for (let done = 0; done < ticks && stop === ""; done++) {
    const waiting = breathe?.();
    if (waiting !== undefined) await waiting;
    const before = done === 0 ? undefined : breakpoints.before(session);
    if (before !== undefined) stop = stopText(before);
    else if (done > 0 && options.line === true && isOtherLine(session, line)) break;
    else if (session.isAtEnd) stop = "end of the program\n";
    else stop = one(session, options, breakpoints, texts, failed);
  }
  if (texts.length <= SHOWN) return texts.join("") + stop;
  const last = texts[texts.length - 1];
  const failures = failed.filter((text) => text !== last).slice(0, SHOWN).join("");
  return `${amount(texts.length, "tick")}\n${failures}${last}${stop}`;
}

/** One tick; gives the reason to stop, or nothing. */
function one(
  session: Session,
  { until }: RunOnOptions,
  breakpoints: Breakpoints,
  texts: string[],
  failed: string[],
): string {
  const result = session.step()!;
  const { violations } = session.journal.ticks[session.tick - 1];
  const text = tickText(session.tick, result, violations);
  texts.push(text);
  if (result.failures.length > 0 || violations.length > 0) failed.push(text);
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
