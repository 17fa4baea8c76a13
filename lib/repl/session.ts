/**
 * A session: a program that is carried out tick by tick, forwards and back.
 *
 * The steps lie on one line; a tick is a step that has been carried out. What was executed can be
 * replayed exactly, so going back means making the machine anew and replaying the ticks before.
 * An operation that is typed goes onto the line where the session stands; what lies behind is kept.
 *
 * @module
 */

import { columnsOf } from "../machine/program.ts";
import { drain, type Preemption } from "../kernel/operation.ts";
import { checkMachine } from "../machine/check.ts";
import { isPlain } from "../machine/late.ts";
import type { Machine } from "../machine/machine.ts";
import { newProgram, type Program, type Step } from "../machine/program.ts";
import type { Failure } from "../machine/observed.ts";
import {
  endFailures,
  prepareMachine,
  runningStep,
  runStep,
  type StepResult,
} from "../machine/run.ts";
import type { KnownNames } from "../scenario/step_text.ts";
import { Journal } from "./journal.ts";

/** How a session runs its program. */
export interface SessionSettings {
  /** Name of the kernel profile; the program's unless given. */
  readonly kernel?: string;
  /** Policy of listeners without one of their own. */
  readonly policy: string;
  /** Whether invariants are checked after every tick. */
  readonly check: boolean;
}

/** What may be different when the ticks of a session are carried out again. */
export interface SessionChange {
  /** Parts of the program. */
  readonly program?: Partial<Omit<Program, "steps">>;
  /** Settings. */
  readonly settings?: Partial<SessionSettings>;
}

/** The text that a session was loaded from. */
export interface SessionSource {
  /** Name of the file. */
  readonly file: string;
  /** Its text. */
  readonly text: string;
  /** Names of the cells of its matrix, where it has one. */
  readonly cells?: readonly string[];
}

/** What a session starts with. */
export interface SessionOptions extends Partial<SessionSettings> {
  /** The text of the program. */
  readonly source?: SessionSource;
}

/** Work that may be interrupted: before every tick, and where the operation of a tick may be. */
export type Work<T> = Generator<Preemption | "tick", T, void | "undisturbed">;

/** The program of a session that has loaded nothing. */
const EMPTY: Program = newProgram({ name: "session" });

/**
 * A program that is carried out tick by tick.
 *
 * @example
 * ```ts
 * import { Session } from "./session.ts";
 * import { parseScenario } from "../scenario/scenario.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const session = new Session(parseScenario(`
 * name: Two naps
 * steps:
 *   - wait: { time: 5 }
 *     repeat: 2
 * `));
 * session.goto(2);
 * session.back();
 * assertEquals([session.tick, session.machine.host.clock.now], [1, 5]);
 * ```
 */
export class Session {
  /** What happened, tick by tick. */
  readonly journal: Journal = new Journal();
  /** Process that commands mean where none is named. */
  context: string | undefined;
  /** Whether something that a scenario expects did not hold while it was walked through. */
  hasFailed = false;
  #program: Program;
  #source: SessionSource | undefined;
  #settings: SessionSettings;
  #steps: readonly Step[];
  #machine: Machine;

  /**
   * Starts before the first step of a program.
   *
   * @param program The program; one without processes unless given.
   * @param options Kernel, policy, checks and the program's text.
   * @throws {RangeError} If kernel or policy is unknown.
   */
  constructor(program: Program = EMPTY, options: SessionOptions = {}) {
    const { source, policy = "legacy", check = true, kernel } = options;
    this.#program = program;
    this.#source = source;
    this.#settings = { policy, check, ...(kernel === undefined ? {} : { kernel }) };
    this.#steps = program.steps;
    this.#machine = this.#prepare(program, this.#settings);
    this.journal.rewind(0);
  }

  /** The machine as the last tick left it; another object after going back. */
  get machine(): Machine {
    return this.#machine;
  }

  /** The program with the steps of the session: those carried out, then those to come. */
  get program(): Program {
    return { ...this.#program, kernel: this.kernel, steps: this.#steps };
  }

  /** All steps: those carried out, then those to come. */
  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** The text of the program, if it came from one. */
  get source(): SessionSource | undefined {
    return this.#source;
  }

  /** Policy and checks. */
  get settings(): SessionSettings {
    return this.#settings;
  }

  /** Name of the kernel profile. */
  get kernel(): string {
    return this.#settings.kernel ?? this.#program.kernel;
  }

  /** Number of steps carried out. */
  get tick(): number {
    return this.journal.ticks.length;
  }

  /** Whether no step is left. */
  get isAtEnd(): boolean {
    return this.tick >= this.#steps.length;
  }

  /** The names that the next step may use. */
  get names(): KnownNames {
    const { processes, listeners, mappings, files, captures } = this.#machine;
    return {
      processes: processes.keys(),
      listeners: [...listeners].map(([name, { listener }]) => [name, listener.kind] as const),
      mappings: mappings.keys(),
      files: files.keys(),
      captures: captures.keys(),
      policies: Object.keys(this.#program.policies),
    };
  }

  /**
   * Carries out the next step.
   *
   * @returns What came of it, or undefined at the end.
   * @throws {RangeError} If the step cannot be carried out; the session stays where it was.
   */
  step(): StepResult | undefined {
    return drain(this.stepping());
  }

  /**
   * As {@linkcode Session.step}, with interruptions; an error thrown into one ends the step.
   *
   * @returns What came of it, or undefined at the end, once it has been run to its end.
   */
  *stepping(): Work<StepResult | undefined> {
    if (this.isAtEnd) return undefined;
    const [result] = yield* this.#whole(() => this.#executing(1));
    return result;
  }

  /**
   * Puts steps onto the line where the session stands, and carries them out.
   *
   * @param steps The steps.
   * @returns What came of them.
   * @throws {RangeError} If one cannot be carried out; the session is then as before.
   */
  perform(steps: readonly Step[]): StepResult[] {
    return drain(this.performing(steps));
  }

  /**
   * As {@linkcode Session.perform}, with interruptions; an error thrown into one undoes all.
   *
   * @param steps The steps.
   * @returns What came of them, once they have been run to their ends.
   */
  *performing(steps: readonly Step[]): Work<StepResult[]> {
    const before = this.#steps;
    this.#steps = before.toSpliced(this.tick, 0, ...steps);
    try {
      return yield* this.#whole(() => this.#executing(steps.length));
    } catch (error) {
      this.#steps = before;
      throw error;
    }
  }

  /**
   * Goes to a tick, forwards or back.
   *
   * @param tick Number of ticks carried out, from 0.
   * @throws {RangeError} If there are not so many steps.
   */
  goto(tick: number): void {
    drain(this.going(tick));
  }

  /**
   * As {@linkcode Session.goto}, with interruptions; an error thrown into one brings it back.
   *
   * @param tick Number of ticks carried out, from 0.
   * @returns Nothing, once the session is there.
   */
  *going(tick: number): Work<void> {
    if (!Number.isInteger(tick) || tick < 0 || tick > this.#steps.length) {
      throw new RangeError(
        `Cannot go to tick ${tick}: the session has ticks 0 to ${this.#steps.length}`,
      );
    }
    if (tick < this.tick) this.#replay(tick, this.journal.ticks[tick].firstRecord);
    yield* this.#whole(() => this.#executing(tick - this.tick));
  }

  /**
   * Goes back.
   *
   * @param ticks By how many.
   * @throws {RangeError} If there were not so many.
   */
  back(ticks = 1): void {
    this.goto(this.tick - ticks);
  }

  /** Forgets the steps that lie ahead. */
  forget(): void {
    this.#steps = this.#steps.slice(0, this.tick);
  }

  /**
   * Checks what the program expects at its end; of comparisons nothing is known here.
   *
   * @returns What does not hold; nothing before the last step.
   */
  failuresAtEnd(): readonly Failure[] {
    return this.isAtEnd ? endFailures(this.program, this.#machine, this.#settings.policy) : [];
  }

  /**
   * Takes another program; the session then stands before its first step.
   *
   * @param program The program.
   * @param source Its text.
   * @throws {RangeError} If no machine can be made for it; the session is then as before.
   */
  load(program: Program, source?: SessionSource): void {
    const { policy, check } = this.#settings;
    const settings = { policy: columnsOf(program).includes(policy) ? policy : "legacy", check };
    this.#machine = this.#prepare(program, settings);
    this.#settings = settings;
    this.#program = program;
    this.#source = source;
    this.#steps = program.steps;
    this.context = undefined;
    this.journal.rewind(0);
  }

  /**
   * Changes program or settings and carries the ticks out again.
   *
   * @param change What is different; of the program, all but its steps.
   * @throws {RangeError} If the ticks cannot be carried out then; the session is then as before.
   */
  reconfigure(change: SessionChange): void {
    drain(this.reconfiguring(change));
  }

  /**
   * As {@linkcode Session.reconfigure}, with interruptions; an error thrown into one undoes all.
   *
   * @param change What is different.
   * @returns Nothing, once the ticks have been carried out again.
   */
  *reconfiguring(change: SessionChange): Work<void> {
    const before = { program: this.#program, settings: this.#settings, machine: this.#machine };
    const records = [...this.journal.ticks];
    try {
      this.#program = { ...this.#program, ...change.program };
      this.#settings = { ...this.#settings, ...change.settings };
      this.#machine = this.#prepare(this.#program, this.#settings);
      this.journal.rewind(0);
      yield* this.#executing(records.length);
    } catch (error) {
      this.#program = before.program;
      this.#settings = before.settings;
      this.#machine = before.machine;
      this.journal.rewind(0);
      this.journal.ticks.push(...records);
      throw error;
    }
  }

  #prepare(
    program: Program,
    { kernel, policy, check }: SessionSettings,
    limits: { readonly traceLimit?: number } = {},
  ): Machine {
    const own = kernel === undefined ? {} : { kernel };
    return prepareMachine(program, { policy, check, ...own, ...limits });
  }

  /** Carries out all of some work, or nothing. */
  *#whole<T>(begin: () => Work<T>): Work<T> {
    const { tick } = this;
    const records = this.#machine.host.trace.length;
    try {
      return yield* begin();
    } catch (error) {
      this.#replay(tick, records);
      throw error;
    }
  }

  *#executing(ticks: number): Work<StepResult[]> {
    const results: StepResult[] = [];
    for (let done = 0; done < ticks; done++) {
      yield "tick";
      results.push(yield* this.#tick());
    }
    return results;
  }

  *#tick(): Work<StepResult> {
    const { machine, tick: index } = this;
    this.journal.observe(machine);
    const step = this.#steps[index];
    const firstRecord = machine.host.trace.length;
    const known = machine.violations.length;
    const result = yield* runningStep(this.program, index, machine, this.#settings.policy);
    const violations = machine.violations.slice(known);
    this.journal.add(machine, step, { result, violations, firstRecord });
    return result;
  }

  /** Makes the machine of a tick without checks and trace: what they found is known. */
  #replay(tick: number, records: number): void {
    const { trace } = this.#machine.host;
    const unchecked = { ...this.#settings, check: false };
    const machine = this.#prepare(this.#program, unchecked, { traceLimit: 0 });
    for (let at = 0; at < tick; at++) {
      const { operation, args } = this.#steps[at];
      if (isPlain(this.#steps[at])) machine.execute(operation, args);
      else runStep(this.program, at, machine, this.#settings.policy);
    }
    machine.host.trace.adopt(trace, records);
    const found = this.journal.ticks.slice(0, tick).flatMap(({ violations }) => violations);
    machine.violations.splice(0, Infinity, ...found);
    machine.checked = this.#settings.check;
    // A check counts the pages on which a pinning driver and the CPU differ
    const pins = [...machine.listeners.values()].some(({ listener }) => listener.pins);
    if (machine.checked && pins && tick > 0) checkMachine(machine, "");
    this.#machine = machine;
    this.journal.rewind(tick);
  }
}
