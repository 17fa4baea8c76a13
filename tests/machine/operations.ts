/**
 * Operations on the mapping "ram" of a machine.
 *
 * @module
 */

import type { Machine } from "../../lib/machine/machine.ts";
import { operation } from "../../lib/machine/ops/mod.ts";
import { withDefaults } from "../../lib/machine/arguments.ts";
import type { Arguments, RangeRef } from "../../lib/machine/spec.ts";

/** All pages of the mapping. */
export const RAM: RangeRef = { mapping: "ram", firstPage: 0, pages: null };

/** Carries an operation out and gives its result. */
export function run(machine: Machine, name: string, args: Arguments): number {
  const spec = operation(name);
  return machine.execute(spec, withDefaults(spec, args)).ret;
}
