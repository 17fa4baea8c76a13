/**
 * Addresses and ranges as people type them: `ram[3]`, `child:ram[0..8]`, `0x7f0000003000`.
 *
 * @module
 */

import { PAGE_SIZE, TASK_SIZE, type Vaddr } from "../kernel/address.ts";
import type { Machine } from "../machine/machine.ts";
import { suggestion } from "../scenario/suggest.ts";
import type { Session } from "./session.ts";
import { CommandError } from "./words.ts";

/** A range in the address space of a process. */
export interface Place {
  /** Name of the process. */
  readonly process: string;
  /** First byte; of an address, the byte itself. */
  readonly start: Vaddr;
  /** First byte after the pages. */
  readonly end: Vaddr;
}

const PLACE =
  /^(?:([A-Za-z_]\w*):)?(?:(0x[0-9a-f]+|[0-9][0-9a-f]{4,}|[0-9]+|[0-9a-f]{12,16})|([A-Za-z_]\w*)(?:\[([0-9]+)(?:\.\.([0-9]*))?\]|\+(0x[0-9a-f]+|[0-9]+))?)$/i;

/**
 * Reads an address or a range of pages.
 *
 * Numbers are hexadecimal, as debuggers have it, with or without `0x`.
 *
 * @param session The session.
 * @param text The text.
 * @returns The place; an address alone stands for its page.
 * @throws {CommandError} If there is no such place.
 */
export function placeOf(session: Session, text: string): Place {
  const parts = PLACE.exec(text);
  if (parts === null) {
    throw new CommandError(
      `Cannot read "${text}" as an address: expected one such as ram[3], child:ram[0..8], ` +
        "ram+0x1000 or 0x7f0000003000",
    );
  }
  const [, owner, number, name, first, last, offset] = parts;
  const { machine } = session;
  if (number !== undefined) {
    const process = owner ?? processOf(session);
    requireProcess(machine, process);
    return page(process, parseInt(number, 16));
  }
  const mapping = machine.mappings.get(name);
  if (mapping === undefined) throw unknownName("mapping", name, machine.mappings.keys());
  const process = owner ?? mapping.process;
  requireProcess(machine, process);
  if (offset !== undefined) return page(process, mapping.start + Number(offset));
  const from = Number(first ?? 0);
  const toEnd = first === undefined || last === "";
  const to = toEnd ? mapping.pages : Number(last ?? from + 1);
  if (from >= to || to > mapping.pages) {
    throw new CommandError(`Cannot find ${text}: mapping "${name}" has ${mapping.pages} pages`);
  }
  const start = mapping.start + from * PAGE_SIZE;
  return { process, start, end: mapping.start + to * PAGE_SIZE };
}

/**
 * Finds a place that may come to be later.
 *
 * @param session The session.
 * @param text The text.
 * @returns The place, or undefined where a name in it does not exist now.
 * @throws {CommandError} If the text is no address at all.
 */
export function placeIfAny(session: Session, text: string): Place | undefined {
  try {
    return placeOf(session, text);
  } catch (error) {
    if (error instanceof CommandError && PLACE.test(text)) return undefined;
    throw error;
  }
}

/**
 * Finds the process that a command means where none is named: that of `set`, or the only one.
 *
 * @param session The session.
 * @returns Its name.
 * @throws {CommandError} If there is none, or more than one.
 */
export function processOf(session: Session): string {
  const { context, machine } = session;
  if (context !== undefined && machine.processes.has(context)) return context;
  const [first] = machine.processes.keys();
  if (first !== undefined) return first;
  throw new CommandError('Cannot tell the process: there is none. Try "process NAME" or "load"');
}

/**
 * Finds the process of a command that may name one.
 *
 * @param session The session.
 * @param name The name; see {@linkcode processOf} where it is missing.
 * @returns Its name.
 * @throws {CommandError} If there is none of that name.
 */
export function processNamed(session: Session, name: string | undefined): string {
  const process = name ?? processOf(session);
  requireProcess(session.machine, process);
  return process;
}

/**
 * Requires that a process exists.
 *
 * @param machine The machine.
 * @param process Its name.
 * @throws {CommandError} If it does not.
 */
export function requireProcess(machine: Machine, process: string): void {
  if (!machine.processes.has(process)) {
    throw unknownName("process", process, machine.processes.keys());
  }
}

/**
 * Requires that a listener exists.
 *
 * @param machine The machine.
 * @param listener Its name.
 * @throws {CommandError} If it does not.
 */
export function requireListener(machine: Machine, listener: string): void {
  if (!machine.listeners.has(listener)) {
    throw unknownName("listener", listener, machine.listeners.keys());
  }
}

/**
 * Reads a number of things.
 *
 * @param text The text; decimal.
 * @param what What it stands for, such as `a number of ticks`.
 * @returns The number.
 * @throws {CommandError} If it is none.
 */
export function countOf(text: string, what: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new CommandError(`Cannot read "${text}": expected ${what}`);
}

function page(process: string, address: Vaddr): Place {
  if (address >= TASK_SIZE) {
    throw new CommandError(`Cannot use address ${address.toString(16)}: user space ends below it`);
  }
  const start = address - address % PAGE_SIZE;
  return { process, start: address, end: start + PAGE_SIZE };
}

/**
 * Words the error of a name that there is not.
 *
 * @param what What it would name.
 * @param name The name.
 * @param known The names there are.
 * @returns The error, with the nearest name if one is near.
 */
export function unknownName(what: string, name: string, known: Iterable<string>): CommandError {
  const names = [...known];
  const hint = suggestion(name, names) ??
    (names.length === 0 ? "There is none" : `There is ${names.join(", ")}`);
  return new CommandError(`Unknown ${what} "${name}". ${hint}`);
}
