/**
 * Operation specifications: one declarative record per operation a scenario can ask for.
 *
 * The record is the single source of the scenario grammar, the JSON Schema, the checker's messages
 * and the operation's documentation; `run` is what the machine does.
 *
 * @module
 */

import type { Operation } from "../kernel/operation.ts";
import type { ListenerKinds } from "../listeners/kind.ts";
import type { Machine } from "./machine.ts";

/** Kinds of argument; each has one spelling in YAML and one type after checking. */
export type ArgumentKind =
  /** Name of a process declared in the scenario. */
  | "process"
  /** Name of a listener declared in the scenario. */
  | "listener"
  /** Name of a file that an earlier operation made. */
  | "file"
  /** A name that this operation introduces. */
  | "name"
  /** A mapping or a part of one: `ram`, `ram[3]`, `ram[0..8]` (pages). Becomes a {@linkcode RangeRef}. */
  | "range"
  /** Bytes: a number, or text such as `16 pages`, `64 MiB`. Page aligned. */
  | "size"
  /** A page-aligned address: a number or text such as `0x7f0000000000`. */
  | "address"
  /** An integer, not negative. */
  | "count"
  /** true or false. */
  | "flag"
  /** One word of `choices`. */
  | "choice"
  /** What to store: a number from 0 to 255, or one of same, unique, random. Becomes a {@linkcode Fill}. */
  | "fill"
  /** Duration: a number of ns, or text such as `20 ms`. Becomes ns. */
  | "duration";

/** One argument of an operation. */
export interface ArgumentSpec {
  /** How it is spelled and what it becomes. */
  readonly kind: ArgumentKind;
  /** One line of documentation, sentence case, no final period. */
  readonly about: string;
  /** Whether it must be given; an optional one may have a default. */
  readonly required?: boolean;
  /** Value used where nothing is given. */
  readonly default?: ArgumentValue;
  /** The words allowed, for kind `choice`. */
  readonly choices?: readonly string[];
  /** For kind `listener`: the kinds of listener it may name. */
  readonly listenerKinds?: readonly string[];
  /** For kind `name`: what is named; a mapping unless told. */
  readonly introduces?: "mapping" | "process" | "image" | "file";
}

/** A mapping by name, or a part of it in pages. */
export interface RangeRef {
  /** Name given by the operation that made the mapping. */
  readonly mapping: string;
  /** First page within the mapping. */
  readonly firstPage: number;
  /** Number of pages, or null for all up to the mapping's end. */
  readonly pages: number | null;
}

/** What to store into pages: a first byte, equal pages, pages all different, or seeded chance. */
export type Fill = number | "same" | "unique" | "random";

/** An argument after checking. */
export type ArgumentValue = string | number | boolean | RangeRef;

/** Arguments of one operation, by name; absent optional ones without default are missing. */
export type Arguments = Readonly<Record<string, ArgumentValue>>;

/** What an operation gave back: a number as a system call returns it, negative errno on failure. */
export interface OperationResult {
  /** Return value; negative means an error number. */
  readonly ret: number;
  /** Named figures worth expecting on, such as `moved` of a compaction. */
  readonly values?: Readonly<Record<string, number>>;
}

/** One operation. */
export interface OperationSpec {
  /** Key in the YAML, in the kernel's words. */
  readonly name: string;
  /** What it does, one line. */
  readonly about: string;
  /** Where the kernel does it: file and function. */
  readonly kernel?: string;
  /** Its arguments in the order of documentation. */
  readonly args: Readonly<Record<string, ArgumentSpec>>;
  /** Named values of its result beside the return value, with what they are; none unless given. */
  readonly values?: Readonly<Record<string, string>>;
  /**
   * Carries it out.
   *
   * @param machine The machine.
   * @param args Checked arguments.
   * @returns The operation; draining it gives the result.
   */
  run(machine: Machine, args: Arguments): Operation<OperationResult>;
}

/** Drivers for a machine: kinds of listener, and the operations that only their devices have. */
export interface Drivers {
  /** The kinds by their keys. */
  readonly kinds: ListenerKinds;
  /** The operations. */
  readonly operations: readonly OperationSpec[];
}
