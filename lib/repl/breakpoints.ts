/**
 * Breakpoints and watched pages: where a run of a session stops.
 *
 * @module
 */

import { TRACE_KINDS } from "../kernel/trace.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import { holds } from "./conditions.ts";
import { cpuOwner, deviceOwner } from "./journal.ts";
import { placeIfAny } from "./places.ts";
import type { Session } from "./session.ts";
import { CommandError } from "./words.ts";

/** Where a run stops. */
export interface Breakpoint {
  /** Its number, from 1. */
  readonly id: number;
  /** What it was made from. */
  readonly text: string;
  /** A line stops before its step; the others after a tick. */
  readonly kind: "line" | "event" | "condition" | "watch";
  /** The line. */
  readonly line?: number;
}

/** What a run could be told to wait for beside the events. */
const KINDS: readonly string[] = TRACE_KINDS;

/** The breakpoints of a session. */
export class Breakpoints {
  #list: Breakpoint[] = [];
  #lastId = 0;
  /** Conditions that held after the last tick; they stop a run when they begin to hold. */
  #held = new Set<number>();

  /** The breakpoints in the order in which they were made. */
  get list(): readonly Breakpoint[] {
    return this.#list;
  }

  /**
   * Adds a breakpoint on a line, an event, a callback or a condition.
   *
   * @param session The session.
   * @param text Line number, name or condition.
   * @returns The breakpoint.
   * @throws {CommandError} If it can never stop anything.
   */
  add(session: Session, text: string): Breakpoint {
    if (/^[0-9]+$/.test(text)) {
      return this.#keep({ kind: "line", text, line: lineOf(session, text) });
    }
    const name = WINDOW_EVENT_NAMES.find((event) => event === text.toUpperCase());
    if (name !== undefined) return this.#keep({ kind: "event", text: name });
    if (KINDS.includes(text)) return this.#keep({ kind: "event", text });
    const isTrue = holds(session, text);
    const breakpoint = this.#keep({ kind: "condition", text });
    if (isTrue) this.#held.add(breakpoint.id);
    return breakpoint;
  }

  /**
   * Watches a page, which may come to be later: in the CPU's table and in those of the listeners of its process.
   *
   * @param session The session.
   * @param text The address.
   * @returns The breakpoint.
   * @throws {CommandError} If the text is no address.
   */
  watch(session: Session, text: string): Breakpoint {
    placeIfAny(session, text);
    return this.#keep({ kind: "watch", text });
  }

  /**
   * Removes a breakpoint.
   *
   * @param id Its number; all unless given.
   * @throws {CommandError} If there is none of that number.
   */
  delete(id?: number): void {
    const rest = id === undefined ? [] : this.#list.filter((one) => one.id !== id);
    if (id !== undefined && rest.length === this.#list.length) {
      throw new CommandError(`Cannot delete breakpoint ${id}: there is none of that number`);
    }
    this.#list = rest;
  }

  /**
   * Finds the breakpoint that stops a run before the next step.
   *
   * @param session The session.
   * @returns The breakpoint, or undefined.
   */
  before(session: Session): Breakpoint | undefined {
    const line = session.steps[session.tick]?.position?.line;
    return this.#list.find((one) => one.kind === "line" && one.line === line);
  }

  /**
   * Finds the breakpoint that stops a run after the last tick.
   *
   * @param session The session.
   * @returns The breakpoint, or undefined.
   */
  after(session: Session): Breakpoint | undefined {
    let found: Breakpoint | undefined;
    for (const one of this.#list) if (this.#isHit(one, session)) found ??= one;
    return found;
  }

  #isHit(breakpoint: Breakpoint, session: Session): boolean {
    if (breakpoint.kind === "event") return hasEvent(session, breakpoint.text);
    if (breakpoint.kind === "watch") return hasChanged(session, breakpoint.text);
    if (breakpoint.kind === "line") return false;
    const held = this.#held.has(breakpoint.id);
    const isTrue = holdsNow(session, breakpoint.text);
    if (isTrue) this.#held.add(breakpoint.id);
    else this.#held.delete(breakpoint.id);
    return isTrue && !held;
  }

  #keep(parts: Omit<Breakpoint, "id">): Breakpoint {
    const breakpoint = { id: ++this.#lastId, ...parts };
    this.#list.push(breakpoint);
    return breakpoint;
  }
}

function lineOf(session: Session, text: string): number {
  const wanted = Number(text);
  const lines = [...new Set(session.steps.map(({ position }) => position?.line ?? 0))];
  const line = lines.filter((one) => one >= wanted).sort((one, other) => one - other)[0];
  if (line !== undefined) return line;
  throw new CommandError(`Cannot stop at line ${text}: no step is written there or below`);
}

function hasEvent(session: Session, name: string): boolean {
  const { trace } = session.machine.host;
  const from = session.journal.ticks[session.tick - 1]?.firstRecord ?? 0;
  for (const { kind, event } of trace.records(from)) {
    if (kind === name) return true;
    if (kind === "invalidate_range_start" && WINDOW_EVENT_NAMES[event] === name) return true;
  }
  return false;
}

function hasChanged(session: Session, text: string): boolean {
  const { journal, machine, tick } = session;
  const place = placeIfAny(session, text);
  if (tick === 0 || place === undefined) return false;
  const { process, start } = place;
  const owners = [...machine.listeners].filter(([, placed]) => placed.process === process)
    .map(([name]) => deviceOwner(name));
  return [cpuOwner(process), ...owners].some((owner) =>
    journal.changeAt(tick - 1, owner, start) !== undefined
  );
}

/** A name may be gone for a while, such as that of a process before its fork. */
function holdsNow(session: Session, text: string): boolean {
  try {
    return holds(session, text);
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
