/**
 * Checks on what a machine is made from.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import { COSTS } from "../kernel/costs.ts";
import { type KernelProfile, kernelProfile } from "../kernel/profile.ts";
import { LISTENER_COSTS } from "../listeners/costs.ts";
import { CUSTOM_KIND } from "../listeners/kind.ts";
import type { Machine, MachineOptions } from "./machine.ts";
import type { Drivers } from "./spec.ts";

/** What a machine has that is given no drivers: listeners of the user's own. */
export const NO_DRIVERS: Drivers = { kinds: { custom: CUSTOM_KIND }, operations: [] };

/**
 * Tells where a machine without drivers gets some, for errors.
 *
 * @param drivers The drivers that it has.
 * @returns The end of a message; nothing where it has drivers.
 */
export function elsewhere(drivers: Drivers): string {
  return drivers === NO_DRIVERS
    ? "; DRIVERS of @mmulab/mmulab/listeners has more, for the option drivers of a machine"
    : "";
}

/** The least of each option that is a whole number. */
const LEAST = { memory: 0, nodes: 1, swapPages: 0, devicePages: 0, traceLimit: 0 } as const;

/**
 * Checks the options of a machine.
 *
 * @param options The options.
 * @throws {RangeError} If a number is out of its range, or there is no cost of a name.
 * @throws {TypeError} If an option is of another type.
 */
export function checkOptions(options: MachineOptions): void {
  for (const [name, least] of Object.entries(LEAST) as [keyof typeof LEAST, number][]) {
    const value = options[name];
    if (value === undefined) continue;
    requireNumber(name, value);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(
        `Cannot make a machine with ${name} ${value}: expected a whole number from ${least} on`,
      );
    }
  }
  const { memory = 0, seed = 1, costs = {}, faults, drivers = NO_DRIVERS } = options;
  if (memory % PAGE_SIZE !== 0) {
    throw new RangeError(
      `Cannot make a machine with memory ${memory}: expected a multiple of ${PAGE_SIZE} bytes`,
    );
  }
  requireNumber("seed", seed);
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`Cannot make a machine with seed ${seed}: expected a whole number`);
  }
  if (faults !== undefined && typeof faults.has !== "function") {
    throw new TypeError(`Cannot make a machine with these faults: expected a Set of names`);
  }
  if (typeof drivers?.kinds !== "object" || !Array.isArray(drivers.operations)) {
    throw new TypeError("Cannot make a machine with these drivers: expected kinds and operations");
  }
  for (const [name, ns] of Object.entries(costs)) checkCost(name, ns);
}

/**
 * Finds the profile that is meant.
 *
 * @param profile The switches, or the name of a profile.
 * @returns The switches.
 * @throws {RangeError} If there is no such profile.
 * @throws {TypeError} If it is neither.
 */
export function profileOf(profile: KernelProfile | string): KernelProfile {
  if (typeof profile === "string") return kernelProfile(profile);
  if (typeof profile === "object" && profile !== null) return profile;
  throw new TypeError(
    `Cannot make a machine with profile ${profile}: expected a profile or its name, such as "v5.2"`,
  );
}

/**
 * Checks the name of something new.
 *
 * @param what What it is.
 * @param name Its name.
 * @throws {TypeError} If it is empty, or no text.
 */
export function requireName(what: string, name: string): void {
  if (typeof name === "string" && name !== "") return;
  throw new TypeError(`Cannot add a ${what}: expected a name, got ${JSON.stringify(name)}`);
}

/**
 * Checks that something is a machine, where code without types may give anything.
 *
 * @param machine What it is.
 * @throws {TypeError} If it is none.
 */
export function requireMachine(machine: Machine): void {
  if (machine?.host !== undefined) return;
  throw new TypeError(`Expected a machine, as new Machine() makes it, got ${typeof machine}`);
}

function requireNumber(name: string, value: number): void {
  if (typeof value === "number") return;
  throw new TypeError(
    `Cannot make a machine with ${name} ${JSON.stringify(value)}: expected a number`,
  );
}

function checkCost(name: string, ns: number): void {
  if (!Object.hasOwn(COSTS, name) && !Object.hasOwn(LISTENER_COSTS, name)) {
    const known = [...Object.keys(COSTS), ...Object.keys(LISTENER_COSTS)].join(", ");
    throw new RangeError(`Cannot set cost "${name}": expected one of ${known}`);
  }
  if (!Number.isFinite(ns) || ns < 0) {
    throw new RangeError(`Cannot set cost "${name}" to ${ns}: expected ns, not negative`);
  }
}
