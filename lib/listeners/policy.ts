/**
 * Policies: what a listener does with its translations, per reason of the invalidation.
 *
 * A policy is data. `legacy` is what v5.0 does and what the drivers of v5.2 still do: every window
 * is taken for munmap. `followup` adds the patches that were posted as users of the series (skip a
 * read-only object; KVM leaves windows that promise change_pte alone). `ideal` acts on every event
 * as the series makes possible; it is a proposal of this project and not upstream.
 *
 * @module
 */

import { type EventName, WINDOW_EVENT_NAMES } from "../notifier/range.ts";

/** Every action, with what it does to the translations of the window. */
export const POLICY_ACTIONS = {
  keep: "Leave them as they are",
  drop: "Remove them; keep the objects that track them",
  drop_and_free: "Remove them and free tracking objects that become empty",
  drop_writable: "Remove the writable ones, keep the read-only ones",
  downgrade: "Take write access from them",
  downgrade_if_read_only_update:
    "Take write access if the range stays readable (update_to_read_only), else remove them",
  skip_if_read_only:
    "Keep them if the object was never mapped for write and the range stays readable, else remove",
  invalidate:
    "Stop the device using them; the pages stay held until they are looked up again (else as drop)",
  resnapshot:
    "Take write access; in end give it back where the CPU entry has it (else as downgrade)",
  drop_if_zapped:
    "Look in end: remove those whose CPU entry is gone or names another frame (else as drop)",
  record_writes:
    "Keep them, and report pages written from now on as soft-dirty: again in end, then at the write",
} as const;

/** Name of an action. */
export type PolicyAction = keyof typeof POLICY_ACTIONS;

/** The action for each event. */
export type EventActions = Readonly<Record<EventName, PolicyAction>>;

/** What a listener does, per event. */
export interface Policy {
  /** Name, such as `"legacy"`. */
  readonly name: string;
  /** Ignore start and end of windows that promise change_pte (patch 9). */
  readonly useChangePte: boolean;
  /** The action for each event. */
  readonly events: EventActions;
}

/** A policy as a user writes it: a base and what differs from it. */
export interface PolicySpec {
  /** Name of the new policy; "custom" if left out. */
  readonly name?: string;
  /** The policy it starts from; "legacy" if left out. */
  readonly base?: string;
  /** See {@linkcode Policy.useChangePte}. */
  readonly useChangePte?: boolean;
  /** Actions that differ from the base. */
  readonly events?: Readonly<Partial<Record<EventName, PolicyAction>>>;
}

const KVM_LEGACY = always("drop_and_free");
const ODP_LEGACY = always("drop");
/** Objects that hold their pages: what radeon and i915 could do, and amdgpu with differences. */
const USERPTR_IDEAL: EventActions = {
  UNMAP: "drop",
  CLEAR: "drop",
  PROTECTION_VMA: "skip_if_read_only",
  PROTECTION_PAGE: "drop_writable",
  SOFT_DIRTY: "record_writes",
};

/** The built-in policies by kind of listener and by name. */
export const POLICIES: Readonly<Record<string, Readonly<Record<string, Policy>>>> = {
  kvm: {
    legacy: { name: "legacy", useChangePte: false, events: KVM_LEGACY },
    followup: { name: "followup", useChangePte: true, events: KVM_LEGACY },
    ideal: {
      name: "ideal",
      useChangePte: true,
      events: {
        UNMAP: "drop_and_free",
        CLEAR: "drop",
        PROTECTION_VMA: "downgrade_if_read_only_update",
        PROTECTION_PAGE: "downgrade",
        SOFT_DIRTY: "downgrade",
      },
    },
  },
  odp: plain({
    legacy: ODP_LEGACY,
    followup: { ...ODP_LEGACY, PROTECTION_VMA: "skip_if_read_only" },
    ideal: {
      UNMAP: "drop",
      CLEAR: "drop",
      PROTECTION_VMA: "downgrade_if_read_only_update",
      PROTECTION_PAGE: "drop_writable",
      SOFT_DIRTY: "drop_writable",
    },
  }),
  odp_implicit: plain({
    // One behaviour for every window: a leaf MR without pages goes, even if they only moved
    legacy: always("drop_and_free"),
    followup: { ...always("drop_and_free"), PROTECTION_VMA: "skip_if_read_only" },
    ideal: {
      UNMAP: "drop_and_free",
      CLEAR: "drop",
      PROTECTION_VMA: "downgrade_if_read_only_update",
      PROTECTION_PAGE: "drop_writable",
      SOFT_DIRTY: "drop_writable",
    },
  }),
  // Without its option softDirty the driver has no notifier, and does nothing under any policy
  pinned_mr: plain({
    legacy: always("keep"),
    ideal: { ...always("keep"), SOFT_DIRTY: "record_writes" },
  }),
  amdgpu_gfx: plain({
    legacy: always("invalidate"),
    ideal: { ...USERPTR_IDEAL, UNMAP: "drop_and_free" },
  }),
  amdgpu_hsa: plain({
    legacy: always("invalidate"),
    followup: { ...always("invalidate"), PROTECTION_VMA: "skip_if_read_only" },
    ideal: { ...USERPTR_IDEAL, UNMAP: "drop_and_free", CLEAR: "invalidate" },
  }),
  radeon: plain({
    legacy: always("drop"),
    followup: { ...always("drop"), PROTECTION_VMA: "skip_if_read_only" },
    ideal: USERPTR_IDEAL,
  }),
  i915: plain({
    legacy: always("drop"),
    followup: { ...always("drop"), PROTECTION_VMA: "skip_if_read_only" },
    ideal: USERPTR_IDEAL,
  }),
  gntdev: plain({
    legacy: always("drop"),
    ideal: { ...always("keep"), UNMAP: "drop", CLEAR: "drop_if_zapped" },
  }),
  hmm: plain({
    legacy: always("drop"),
    ideal: {
      UNMAP: "drop",
      CLEAR: "drop",
      PROTECTION_VMA: "downgrade_if_read_only_update",
      PROTECTION_PAGE: "resnapshot",
      // The device's next write then faults as the CPU's does, and that fault marks the page again
      SOFT_DIRTY: "downgrade",
    },
  }),
  // invalidate_range carries no event: there is nothing to decide
  sva: plain({ legacy: always("drop") }),
  hfi1: plain({
    legacy: always("drop_and_free"),
    ideal: { ...always("keep"), UNMAP: "drop_and_free" },
  }),
  // What a listener of the user's own makes of its policy is its own business
  custom: {
    legacy: { name: "legacy", useChangePte: false, events: always("drop") },
    followup: {
      name: "followup",
      useChangePte: true,
      events: { ...always("drop"), PROTECTION_VMA: "skip_if_read_only" },
    },
    ideal: {
      name: "ideal",
      useChangePte: true,
      events: {
        UNMAP: "drop_and_free",
        CLEAR: "drop",
        PROTECTION_VMA: "downgrade_if_read_only_update",
        PROTECTION_PAGE: "downgrade",
        SOFT_DIRTY: "downgrade",
      },
    },
  },
};

/**
 * Finds a built-in policy, or makes one from a base and its differences.
 *
 * @param kind Kind of listener.
 * @param policy Name or specification.
 * @returns The policy.
 * @throws {RangeError} If the kind, a policy, an event or an action is unknown.
 * @example
 * ```ts
 * import { resolvePolicy } from "./policy.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const policy = resolvePolicy("kvm", { base: "legacy", events: { SOFT_DIRTY: "downgrade" } });
 * assertEquals(policy.events.CLEAR, "drop_and_free");
 * assertEquals(policy.events.SOFT_DIRTY, "downgrade");
 * ```
 */
export function resolvePolicy(kind: string, policy: string | PolicySpec): Policy {
  const known = pick(POLICIES, kind, "listener kind");
  if (typeof policy === "string") return pick(known, policy, `policy of kind "${kind}"`);
  const base = pick(known, policy.base ?? "legacy", `policy of kind "${kind}"`);
  const changes = policy.events ?? {};
  for (const [event, action] of Object.entries(changes)) {
    pick(base.events, event, "notifier event");
    pick(POLICY_ACTIONS, action, `action for event ${event}`);
  }
  return {
    name: policy.name ?? "custom",
    useChangePte: policy.useChangePte ?? base.useChangePte,
    events: { ...base.events, ...changes },
  };
}

/**
 * Lays the actions of a policy out by event code.
 *
 * Events of later kernels are taken as the one that earlier kernels send in their place.
 *
 * @param policy The policy.
 * @returns One action per event, in the order of the codes.
 */
export function actionsByEvent(policy: Policy): readonly PolicyAction[] {
  return WINDOW_EVENT_NAMES.map((event) => {
    if (event === "RELEASE") return policy.events.UNMAP;
    return policy.events[event === "MIGRATE" || event === "EXCLUSIVE" ? "CLEAR" : event];
  });
}

/** Policies of a kind without change_pte; what is left out is as legacy. */
function plain(
  events: Readonly<{ legacy: EventActions; followup?: EventActions; ideal?: EventActions }>,
): Readonly<Record<string, Policy>> {
  const { legacy, followup = legacy, ideal = legacy } = events;
  return {
    legacy: { name: "legacy", useChangePte: false, events: legacy },
    followup: { name: "followup", useChangePte: false, events: followup },
    ideal: { name: "ideal", useChangePte: false, events: ideal },
  };
}

function always(action: PolicyAction): EventActions {
  return {
    UNMAP: action,
    CLEAR: action,
    PROTECTION_VMA: action,
    PROTECTION_PAGE: action,
    SOFT_DIRTY: action,
  };
}

function pick<T>(table: Readonly<Record<string, T>>, name: string, what: string): T {
  if (Object.hasOwn(table, name)) return table[name];
  throw new RangeError(
    `Cannot find ${what} "${name}": expected one of ${Object.keys(table).join(", ")}`,
  );
}
