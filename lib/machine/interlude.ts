/**
 * Interludes: what others do while an operation is interrupted at a named point.
 *
 * The others run to their end there and then, one after the other, like CPUs and devices that are
 * faster. Who has to retry, or to wait, for the interrupted operation is set aside and goes on when
 * that has ended. Invariants are looked at when all have ended.
 *
 * @module
 */

import type { Operation, Preemption } from "../kernel/operation.ts";
import { checkMeanwhile, takeBaseline } from "./expect.ts";
import { argumentsNow, endlessLoops, takeCaptures } from "./late.ts";
import type { Company, Machine } from "./machine.ts";
import type { Failure } from "./observed.ts";
import { observe } from "./observer.ts";
import type { Interlude, Step } from "./program.ts";
import type { OperationResult } from "./spec.ts";

/** Points at which an operation cannot go on before another one has. */
const WAITS: ReadonlySet<Preemption> = new Set<Preemption>(["migration_wait", "mmap_lock_wait"]);

/** An operation with its own interludes. */
class Actor {
  readonly #visits = new Map<Preemption, number>();
  readonly #begun = new Set<Interlude>();

  constructor(
    readonly operation: Operation<OperationResult>,
    readonly interludes: readonly Interlude[],
    readonly finish: (result: OperationResult) => void,
  ) {}

  /** Counts the visit of a point; the steps that others do there. */
  visit(point: Preemption): readonly Step[] {
    const nth = (this.#visits.get(point) ?? 0) + 1;
    this.#visits.set(point, nth);
    const due = this.interludes.filter((one) => one.at === point && one.nth === nth);
    for (const one of due) this.#begun.add(one);
    return due.flatMap(({ steps }) => steps);
  }

  /** The steps of others that are left where the operation has ended. */
  left(): readonly Step[] {
    return this.interludes.filter((one) => one.orAfter && !this.#begun.has(one))
      .flatMap(({ steps }) => steps);
  }
}

/** Runs one step of a program together with its interludes. */
export class Interleaving implements Company {
  /** Expectations of steps inside interludes that do not hold. */
  readonly failures: Failure[] = [];
  /** What the steps inside interludes gave back. */
  readonly results = new Map<Step, OperationResult>();
  readonly #machine: Machine;
  readonly #step: Step;
  readonly #index: number;
  readonly #policy: string;
  /** Those that wait for the interrupted operation, oldest first. */
  readonly #waiting: Actor[] = [];

  /**
   * Prepares a step.
   *
   * @param machine The machine.
   * @param step The step.
   * @param index Its index, for failures.
   * @param policy Name of the policy of the run.
   */
  constructor(machine: Machine, step: Step, index: number, policy: string) {
    this.#machine = machine;
    this.#step = step;
    this.#index = index;
    this.#policy = policy;
  }

  /**
   * Runs the operation of the step with its interruptions, and then whoever had to wait.
   *
   * @param operation The operation; it is used up.
   * @returns The same with its interruptions.
   */
  *accompany(operation: Operation<OperationResult>): Operation<OperationResult> {
    let outcome: OperationResult = { ret: 0 };
    const main = new Actor(operation, this.#step.during ?? [], (result) => outcome = result);
    try {
      yield* this.#advance(main, false);
    } finally {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        yield* this.#advanceOther(next, false);
      }
    }
    return outcome;
  }

  *#begin(step: Step): Operation {
    const machine = this.#machine;
    const args = argumentsNow(step, machine);
    if (args === undefined) return void this.failures.push(...this.#endless(step));
    const view = (result: OperationResult | null, record: number, violation: number) =>
      observe(machine, {
        policy: this.#policy,
        result,
        fromRecord: record,
        fromViolation: violation,
      });
    const [record, violation] = [machine.host.trace.length, machine.violations.length];
    const baseline = takeBaseline(step.expect, view(null, record, violation));
    const finish = (result: OperationResult) => {
      this.results.set(step, result);
      takeCaptures(step, machine, result);
      const after = view(result, record, violation);
      this.failures.push(...checkMeanwhile(step, this.#index, after, baseline));
      this.failures.push(...this.#endless(step));
    };
    const running = step.operation.run(machine, args);
    yield* this.#advanceOther(new Actor(running, step.during ?? [], finish), true);
  }

  #endless(step: Step): Failure[] {
    return endlessLoops(step, this.#index, this.#machine);
  }

  *#advanceOther(actor: Actor, mayWait: boolean): Operation {
    yield* this.#machine.attempt(
      this.#step.operation.name,
      () => this.#advance(actor, mayWait),
    );
  }

  /** Runs an actor to its end, or until it has to wait. */
  *#advance(actor: Actor, mayWait: boolean): Operation<OperationResult> {
    let mark = this.#progress();
    let last: Preemption | null = null;
    for (;;) {
      const { done, value } = actor.operation.next();
      if (done) {
        actor.finish(value);
        for (const step of actor.left()) yield* this.#begin(step);
        return value;
      }
      yield value;
      for (const step of actor.visit(value)) yield* this.#begin(step);
      const now = this.#progress();
      const retried = now.retries > mark.retries;
      const idle = value === last && now.records === mark.records;
      const retries = value === "before_retry_check" && (retried || idle);
      if (mayWait && (retries || WAITS.has(value))) {
        this.#waiting.push(actor);
        return { ret: 0 };
      }
      if (value === "mmap_lock_wait") yield* this.#advanceHolder();
      mark = now;
      last = value;
    }
  }

  /** Whoever holds a lock that one who cannot be set aside waits for was set aside before. */
  *#advanceHolder(): Operation {
    const holder = this.#waiting.shift();
    if (holder === undefined) throw new Error("Cannot go on: mmap_lock is held by nobody who runs");
    yield* this.#advanceOther(holder, false);
  }

  #progress(): { retries: number; records: number } {
    const { trace } = this.#machine.host;
    let retries = 0;
    for (const { listener } of this.#machine.listeners.values()) {
      retries += listener.counters.retries;
    }
    return { retries, records: trace.length + trace.dropped };
  }
}
