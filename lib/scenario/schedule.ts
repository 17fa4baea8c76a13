/**
 * Schedules: in which order the steps of several actors are carried out.
 *
 * A schedule is a list of turns, `vcpu ksmd@window_open(vcpu gpu) gpu`: each name stands for the next
 * step of that actor. After `@` stands the point at which the step is interrupted, after `:` at which
 * visit of it, and in parentheses the turns of others at that point.
 *
 * @module
 */

import { type Preemption, PREEMPTIONS } from "../kernel/operation.ts";
import { Rng } from "../kernel/rng.ts";
import { ExpressionError } from "../machine/expression.ts";
import type { Step } from "../machine/program.ts";
import { quote } from "./diagnostics.ts";
import { FIXED } from "./fixed_limits.ts";
import type { Entry } from "./document.ts";
import type { Scope } from "./scope.ts";
import { readScalar } from "./shape.ts";
import { suggestion } from "./suggest.ts";

/** One step of an actor. */
export interface Turn {
  /** The actor. */
  readonly actor: string;
  /** Where the step is interrupted, and by whom. */
  readonly interruption?: {
    /** The point. */
    readonly at: Preemption;
    /** At which visit of it, from 1. */
    readonly nth: number;
    /** The turns of others. */
    readonly turns: readonly Turn[];
  };
  /** Offset in the text of the schedule. */
  readonly at: number;
  /** Characters. */
  readonly length: number;
}

/** Steps that each actor has left, by name. */
export type Queues = ReadonlyMap<string, Step[]>;

const POINTS = Object.keys(PREEMPTIONS) as Preemption[];
const WORD = /\s*(?:([A-Za-z_]\w*)|(@)|(:\s*[1-9][0-9]*)|([()]))/y;

/**
 * Reads a schedule.
 *
 * @param text The text.
 * @returns The turns.
 * @throws {ExpressionError} If the text is no schedule.
 * @example
 * ```ts
 * import { parseSchedule } from "./schedule.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [one, other] = parseSchedule("cpu gpu@window_open(cpu)");
 * assertEquals([one.actor, other.interruption?.turns[0].actor], ["cpu", "cpu"]);
 * ```
 */
export function parseSchedule(text: string): Turn[] {
  return new Parser(text).parse();
}

/**
 * Makes a schedule by chance: the seed decides who is next, and who interrupts whom.
 *
 * @param queues The steps of each actor.
 * @param rng Chance.
 * @returns A schedule of all steps.
 */
function seededSchedule(queues: Queues, rng: Rng): Turn[] {
  const left = new Map([...queues].map(([actor, steps]) => [actor, steps.length]));
  const turns: Turn[] = [];
  for (let actor = someone(left, rng); actor !== undefined; actor = someone(left, rng)) {
    const own = actor;
    const others: Turn[] = [];
    for (let most = rng.below(3); most > 0; most--) {
      const other = someone(left, rng, own);
      if (other !== undefined) others.push({ actor: other, at: 0, length: 1 });
    }
    const at = POINTS[rng.below(POINTS.length)];
    const interruption = { at, nth: 1, turns: others };
    turns.push({ actor, at: 0, length: 1, ...(others.length === 0 ? {} : { interruption }) });
  }
  return turns;
}

/**
 * Puts the steps of actors into the order of a schedule; what it leaves out comes after, actor by
 * actor.
 *
 * @param turns The schedule.
 * @param queues The steps of each actor; they are used up.
 * @returns The steps.
 * @throws {ExpressionError} If the schedule names someone who is unknown or cannot go on.
 */
function arrange(turns: readonly Turn[], queues: Queues): Step[] {
  const steps = turns.map((turn) => take(turn, queues, []));
  return [...steps, ...[...queues.values()].flatMap((queue) => queue.splice(0))];
}

/**
 * Puts the steps of actors into the order of their schedule, or of one that the seed decides.
 *
 * @param queues The steps of each actor; they are used up.
 * @param schedule The entry of `schedule:`.
 * @param group Number of the group of actors, from 1.
 * @param scope The surroundings.
 * @returns The steps; none if something was reported.
 */
export function interleaved(
  queues: Queues,
  schedule: Entry | undefined,
  group: number,
  scope: Scope,
): readonly Step[] {
  if (schedule === undefined) {
    const rng = new Rng(scope.names.seed * GROUPS + group);
    return arrange(seededSchedule(queues, rng), queues);
  }
  const scalar = readScalar(schedule.value, scope, 'a schedule such as "cpu gpu cpu"');
  if (scalar === undefined) return [];
  try {
    return arrange(parseSchedule(scalar.text), queues);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    scope.reportPart(scalar.node, error.at, error.length, error.message, error.hint);
    return [];
  }
}

/** So that each group of actors has chance of its own. */
const GROUPS = 1000;

function take(turn: Turn, queues: Queues, interrupted: readonly string[]): Step {
  const { actor, interruption } = turn;
  const queue = queues.get(actor);
  if (queue === undefined) {
    const hint = suggestion(actor, queues.keys());
    throw new ExpressionError(`Unknown actor ${quote(actor)}`, turn, hint);
  }
  if (interrupted.includes(actor)) {
    const message = `Actor ${quote(actor)} cannot go on here: its own step is interrupted`;
    throw new ExpressionError(message, turn);
  }
  const step = queue.shift();
  if (step === undefined) {
    throw new ExpressionError(`Actor ${quote(actor)} has no step left`, turn);
  }
  if (interruption === undefined) return step;
  const { at, nth, turns } = interruption;
  const steps = turns.map((inner) => take(inner, queues, [...interrupted, actor]));
  return { ...step, during: [...step.during ?? [], { at, nth, steps, orAfter: true }] };
}

/** Someone who has a step left, which is taken. */
function someone(left: Map<string, number>, rng: Rng, but?: string): string | undefined {
  const ready = [...left].filter(([actor, count]) => count > 0 && actor !== but);
  const chosen = ready.at(ready.length === 0 ? 0 : rng.below(ready.length));
  if (chosen === undefined) return undefined;
  left.set(chosen[0], chosen[1] - 1);
  return chosen[0];
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Turn[] {
    const turns = this.#turns(0);
    if (this.#peek() !== "") throw this.#unexpected("the name of an actor");
    return turns;
  }

  #turns(depth: number): Turn[] {
    const { value: most, advice } = FIXED.expression_depth;
    if (depth > most) {
      const message = `Schedule is nested too deeply: the limit is ${most} levels`;
      throw new ExpressionError(message, { at: this.#at, length: 1 }, advice);
    }
    const turns: Turn[] = [];
    while (/^\w/.test(this.#peek())) turns.push(this.#turn(depth));
    return turns;
  }

  #turn(depth: number): Turn {
    const actor = this.#next();
    const place = { at: this.#at - actor.length, length: actor.length };
    if (this.#peek() !== "@") return { actor, ...place };
    this.#next();
    const at = this.#point();
    const nth = this.#peek().startsWith(":") ? Number(this.#next().slice(1)) : 1;
    if (this.#peek() !== "(") throw this.#unexpected('"(" and the turns of others');
    this.#next();
    const turns = this.#turns(depth + 1);
    if (this.#peek() !== ")") throw this.#unexpected('")"');
    this.#next();
    return { actor, ...place, interruption: { at, nth, turns } };
  }

  #point(): Preemption {
    const word = this.#peek();
    const point = POINTS.find((one) => one === word);
    if (point !== undefined) {
      this.#next();
      return point;
    }
    if (!/^\w/.test(word)) throw this.#unexpected("a point");
    this.#next();
    const where = { at: this.#at - word.length, length: word.length };
    throw new ExpressionError(`Unknown point ${quote(word)}`, where, suggestion(word, POINTS));
  }

  #peek(): string {
    WORD.lastIndex = this.#at;
    const found = WORD.exec(this.#text);
    if (found !== null) return found[0].trimStart();
    const rest = this.#text.slice(this.#at).trimStart();
    return rest[0] ?? "";
  }

  #next(): string {
    WORD.lastIndex = this.#at;
    const word = WORD.exec(this.#text)?.[0] ?? "";
    this.#at += word.length;
    return word.trimStart();
  }

  #unexpected(wanted: string): ExpressionError {
    const came = this.#peek();
    const gap = this.#text.slice(this.#at).search(/\S/);
    const where = { at: this.#at + Math.max(gap, 0), length: Math.max(came.length, 1) };
    const what = came === "" ? "the end of the schedule" : quote(came);
    return new ExpressionError(`Expected ${wanted}, got ${what}`, where);
  }
}
