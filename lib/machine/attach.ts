/**
 * Attaching listeners of the user's own to a program.
 *
 * @module
 */

import type { CustomListenerFactory } from "../listeners/custom.ts";
import { type Program, type ProgramListener, requireProgram } from "./program.ts";

/** A listener of the user's own and where it belongs. */
export interface Attachment {
  /** Makes it. */
  readonly factory: CustomListenerFactory;
  /** Name of the listener of kind custom that it stands for, or of the one to add. */
  readonly name?: string;
  /** Process that an added one listens on; the first of the program unless given. */
  readonly process?: string;
}

/** Name of an added listener that is given none. */
const DEFAULT_NAME = "mine";

/**
 * Gives the listeners of kind custom their code; where the program has none by that name, one is
 * added to a process.
 *
 * @param program The program.
 * @param attachment The listener and where it belongs.
 * @returns The program with it.
 * @throws {RangeError} If its name means another listener, or there is no such process.
 * @throws {TypeError} If it is no program, or its factory no function.
 * @example
 * ```ts
 * import { attachListener } from "./attach.ts";
 * import { newProgram } from "./program.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const program = newProgram({ name: "t", processes: [{ name: "app" }] });
 * const { listeners } = attachListener(program, { factory: ({ name }) => ({ name }) });
 * assertEquals(listeners.map(({ name, process }) => [name, process]), [["mine", "app"]]);
 * ```
 */
export function attachListener(program: Program, attachment: Attachment): Program {
  requireProgram(program);
  if (typeof attachment?.factory !== "function") {
    throw new TypeError(`Cannot attach a listener: expected a function that makes it`);
  }
  const { factory, name } = attachment;
  const isMeant = (one: ProgramListener) =>
    one.kind === "custom" && one.factory === undefined && (name === undefined || one.name === name);
  if (program.listeners.some(isMeant)) {
    const listeners = program.listeners.map((one) => isMeant(one) ? { ...one, factory } : one);
    return { ...program, listeners };
  }
  const added = newListener(program, attachment);
  return { ...program, listeners: [...program.listeners, added] };
}

function newListener(program: Program, attachment: Attachment): ProgramListener {
  const { name = DEFAULT_NAME, factory } = attachment;
  const processes = program.processes.map((one) => one.name);
  const process = attachment.process ?? processes.at(0);
  if (process === undefined || !processes.includes(process)) {
    const known = processes.join(", ") || "none";
    throw new RangeError(
      `Cannot attach listener "${name}" to process "${process ?? ""}": the scenario has ${known}`,
    );
  }
  if (program.listeners.some((one) => one.name === name)) {
    throw new RangeError(`Cannot attach listener "${name}": the scenario has one of that name`);
  }
  return { name, kind: "custom", process, options: {}, factory };
}
