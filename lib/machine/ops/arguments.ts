/**
 * Reading checked arguments, and argument records that several operations share.
 *
 * @module
 */

import { type Store, storeByte } from "../../mm/access.ts";
import type { Machine, PlacedPages } from "../machine.ts";
import type { Arguments, ArgumentSpec, Fill, RangeRef } from "../spec.ts";

/** The process an operation works in. */
export const PROCESS: ArgumentSpec = {
  kind: "process",
  about: "Process that does it",
  required: true,
};

/** The process whose copy of a mapping is meant. */
export const IN_PROCESS: ArgumentSpec = {
  kind: "process",
  about: "Process in which it is done; the one that made the mapping unless given",
};

/** The pages an operation works on. */
export const RANGE: ArgumentSpec = { kind: "range", about: "Pages concerned", required: true };

/** What is stored into pages. */
export const FILL: ArgumentSpec = {
  kind: "fill",
  about: "What each page is filled with",
  default: "same",
};

/**
 * Reads a text argument.
 *
 * @param args The arguments.
 * @param name Its name.
 * @returns The text.
 * @throws {TypeError} If it is missing or no text.
 */
export function text(args: Arguments, name: string): string {
  const value = args[name];
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot read argument "${name}": expected text, got ${typeof value}`);
}

/**
 * Reads a number argument.
 *
 * @param args The arguments.
 * @param name Its name.
 * @returns The number.
 * @throws {TypeError} If it is missing or no number.
 */
export function number(args: Arguments, name: string): number {
  const value = args[name];
  if (typeof value === "number") return value;
  throw new TypeError(`Cannot read argument "${name}": expected a number, got ${typeof value}`);
}

/**
 * Finds the pages that the arguments `range` and `process` name.
 *
 * @param machine The machine.
 * @param args The arguments.
 * @returns Where they are.
 * @throws {TypeError} If `range` is missing.
 * @throws {RangeError} If there is no such mapping or process.
 */
export function pagesOf(machine: Machine, args: Arguments): PlacedPages {
  const { range, process } = args;
  if (typeof range !== "object") {
    throw new TypeError(`Cannot read argument "range": expected pages, got ${typeof range}`);
  }
  return machine.pages(range as RangeRef, typeof process === "string" ? process : undefined);
}

/** Fill of pages that are all equal. */
const SAME = 0xa5;

/**
 * Turns the argument `fill` into what a write stores into whole pages.
 *
 * Fills that differ from page to page are taken from the machine, so that no two are equal.
 *
 * @param machine The machine.
 * @param args The arguments.
 * @returns The store.
 */
export function fillOf(machine: Machine, args: Arguments): Store {
  const fill = args.fill as Fill;
  if (fill === "unique") return () => (machine.nextUnique++ << 8 | 0x5a) >>> 0;
  if (fill === "random") return () => machine.host.rng.next();
  const byte = fill === "same" ? SAME : fill & 0xff;
  const content = (byte << 8 | byte) >>> 0;
  return () => content;
}

/**
 * Turns the argument `value` into a store of the first byte of each page.
 *
 * @param args The arguments.
 * @returns The store.
 */
export function byteOf(args: Arguments): Store {
  return storeByte(number(args, "value") & 0xff);
}

/**
 * Builds the error of an operation whose listener is of another kind.
 *
 * @param name The listener.
 * @param kind Its kind.
 * @param wanted The kinds that can do it.
 * @returns The error.
 */
export function wrongKind(name: string, kind: string, wanted: string): TypeError {
  return new TypeError(`Cannot use listener "${name}": expected kind ${wanted}, got ${kind}`);
}
