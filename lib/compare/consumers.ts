/**
 * Who can tell the reasons of an invalidation apart, by the policies as they are written.
 *
 * @module
 */

import { POLICIES, type Policy } from "../listeners/policy.ts";
import { EVENT_NAMES, WINDOW_EVENT_NAMES, type WindowEventName } from "../notifier/range.ts";

/** One thing that a window tells, and which kinds of listener make use of it. */
export interface Consumption {
  /** An event, a flag or a question to the range. */
  readonly what: string;
  /** What using it means. */
  readonly about: string;
  /** Kinds of listener by policy, of those that were asked for. */
  readonly kinds: Readonly<Record<string, readonly string[]>>;
}

interface Question {
  readonly what: string;
  readonly about: string;
  readonly uses: (policy: Policy) => boolean;
}

const CONDITIONAL: readonly string[] = ["downgrade_if_read_only_update", "skip_if_read_only"];

const QUESTIONS: readonly Question[] = [
  ...EVENT_NAMES.filter((event) => event !== "UNMAP").map((event): Question => ({
    what: event,
    about: "does something else than for UNMAP",
    uses: ({ events }) => events[event] !== events.UNMAP,
  })),
  {
    what: "CLEAR versus UNMAP",
    about: "keeps its tracking where the vma stays",
    uses: ({ events }) => events.CLEAR !== events.UNMAP,
  },
  {
    what: "update_to_read_only",
    about: "asks whether the range stays readable",
    uses: ({ events }) => EVENT_NAMES.some((event) => CONDITIONAL.includes(events[event])),
  },
  {
    what: "USE_CHANGE_PTE",
    about: "leaves start and end to change_pte",
    uses: ({ useChangePte }) => useChangePte,
  },
];

/**
 * Asks the built-in policies what they look at.
 *
 * @param kinds Kinds of listener.
 * @param policies Names of policies.
 * @returns One entry per event but UNMAP, and per flag.
 * @example
 * ```ts
 * import { consumers } from "./consumers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const softDirty = consumers(["kvm"], ["legacy", "ideal"]).find(({ what }) => what === "SOFT_DIRTY");
 * assertEquals(softDirty?.kinds, { legacy: [], ideal: ["kvm"] });
 * ```
 */
export function consumers(kinds: readonly string[], policies: readonly string[]): Consumption[] {
  return QUESTIONS.map(({ what, about, uses }) => ({
    what,
    about,
    kinds: Object.fromEntries(policies.map((name) => [
      name,
      kinds.filter((kind) => {
        const policy = POLICIES[kind]?.[name];
        return policy !== undefined && uses(policy);
      }),
    ])),
  }));
}

/**
 * Names an event by its code.
 *
 * @param code The code.
 * @returns The name.
 */
export function eventName(code: number): WindowEventName {
  return WINDOW_EVENT_NAMES[code];
}
