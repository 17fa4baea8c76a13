/**
 * The vocabulary of scenarios: everything that the grammar takes from the layers below.
 *
 * The checker and the schema know no operation, listener or kernel by themselves.
 *
 * @module
 */

import type { ArgumentSpec, OperationSpec } from "../machine/spec.ts";
import type { KernelProfile } from "../kernel/profile.ts";

/** A kind of listener, as far as a scenario can speak of it. */
export interface ListenerKind {
  /** Word after `kind:`, such as `"kvm"`. */
  readonly kind: string;
  /** What it stands for, one line. */
  readonly about: string;
  /** Its options beside kind, process and policy. */
  readonly options: Readonly<Record<string, ArgumentSpec>>;
}

/** The figures that expectations may name; a name outside of them is an error. */
export interface FigureNames {
  /** Figures of the machine, by group such as `"ksm"`. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Figures of every listener. */
  readonly listener: readonly string[];
  /** Figures of every process. */
  readonly process: readonly string[];
}

/** All words with a meaning that come from below. */
export interface Vocabulary {
  /** The operations that a step may ask for. */
  readonly operations: readonly OperationSpec[];
  /** The kinds of listener. */
  readonly listenerKinds: readonly ListenerKind[];
  /** The built-in policies that a listener can follow: the columns of a comparison. */
  readonly policies: readonly string[];
  /** What a policy can do about an event. */
  readonly policyActions: readonly string[];
  /** The kernel profiles by name. */
  readonly profiles: Readonly<Record<string, KernelProfile>>;
  /** Names in the cost model. */
  readonly costs: readonly string[];
  /** Mistakes that can be injected. */
  readonly faults: readonly string[];
  /** The figures; where missing, their names are not checked before the run. */
  readonly figures?: FigureNames;
}
