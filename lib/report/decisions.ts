/**
 * What a program decides while it runs, in words.
 *
 * @module
 */

import type { Step } from "../machine/program.ts";

/**
 * Says what is decided about a step while running, and what is kept of it.
 *
 * @param step The step.
 * @returns Clauses; none where all is known before the run.
 */
export function decisionTexts({ gates = [], captures = [], ends = [], deferred }: Step): string[] {
  return [
    ...(deferred ? ["at the end, whatever fails"] : []),
    ...gates.map(({ formula, open }) => `${open ? "if" : "unless"} ${formula.text}`),
    ...captures.map(({ name, text }) => `capture ${name}: ${text}`),
    ...ends.map(({ until }) => `then must hold: ${until.text}`),
  ];
}

/**
 * Tells whether a step is part of the third or a later pass of a loop that may end before.
 *
 * @param step The step.
 * @returns True if so: such steps are no news to a reader.
 */
function isLaterPass({ gates = [] }: Step): boolean {
  return gates.some(({ after }) => after !== undefined);
}

/**
 * Puts the steps of later passes together.
 *
 * @param steps The steps.
 * @returns Each step with its index, or how many were put together.
 */
export function withoutLaterPasses(
  steps: readonly Step[],
): ({ readonly step: Step; readonly index: number } | { readonly left: number })[] {
  const parts: ({ step: Step; index: number } | { left: number })[] = [];
  for (const [index, step] of steps.entries()) {
    const last = parts.at(-1);
    if (!isLaterPass(step)) parts.push({ step, index });
    else if (last !== undefined && "left" in last) last.left++;
    else parts.push({ left: 1 });
  }
  return parts;
}
