/**
 * The kinds of listener: one declarative record each, and the factory.
 *
 * The scenario checker and the documentation read the records; the machine calls
 * {@linkcode createListener}.
 *
 * @module
 */

import type { UserPages } from "../mm/user_pages.ts";
import type { ListenerCostName } from "./costs.ts";
import type { ListenerInit } from "./device.ts";
import { KvmListener } from "./kvm.ts";
import type { Listener } from "./listener.ts";
import { OdpListener } from "./odp.ts";
import { PinnedMrListener } from "./pinned_mr.ts";
import { type PolicySpec, resolvePolicy } from "./policy.ts";

/** One option of a kind of listener. */
export interface ListenerOptionSpec {
  /** Type of its value: true or false, an integer not below zero, or one word of `choices`. */
  readonly kind: "flag" | "count" | "choice";
  /** What it does, one line. */
  readonly about: string;
  /** Value used where nothing is given. */
  readonly default: boolean | number | string;
  /** The words allowed, for kind `choice`. */
  readonly choices?: readonly string[];
}

/** Values of options, by name. */
export type ListenerOptions = Readonly<Record<string, boolean | number | string>>;

/** One kind of listener. */
export interface ListenerKindSpec {
  /** Key in the YAML. */
  readonly kind: string;
  /** What it is, one line. */
  readonly about: string;
  /** Where the kernel has it. */
  readonly kernel: string;
  /** Its options by name. */
  readonly options: Readonly<Record<string, ListenerOptionSpec>>;
  /**
   * Makes a listener.
   *
   * @param init Name, process, policy and costs.
   * @param options Checked options, defaults filled in.
   * @returns The listener, not yet registered.
   */
  create(init: ListenerInit, options: ListenerOptions): Listener;
}

/** Every kind of listener by its key. */
export const LISTENER_KINDS: Readonly<Record<string, ListenerKindSpec>> = {
  kvm: {
    kind: "kvm",
    about: "A KVM guest: shadow entries, refaults by EPT violation, change_pte",
    kernel: "virt/kvm/kvm_main.c, arch/x86/kvm/mmu.c",
    options: {},
    create: (init) => new KvmListener(init),
  },
  odp: {
    kind: "odp",
    about: "An RDMA NIC with on-demand paging: explicit MRs, no pins, NIC page faults",
    kernel: "drivers/infiniband/core/umem_odp.c, drivers/infiniband/hw/mlx5/odp.c",
    options: {},
    create: (init) => new OdpListener(init),
  },
  pinned_mr: {
    kind: "pinned_mr",
    about: "An RDMA NIC that pins its MRs for long and has no notifier",
    kernel: "drivers/infiniband/core/umem.c",
    options: {
      softDirty: {
        kind: "flag",
        about: "Report device writes after SOFT_DIRTY (a proposal, not upstream)",
        default: false,
      },
    },
    create: (init, options) =>
      new PinnedMrListener(init, { softDirty: options.softDirty === true }),
  },
};

/** What {@linkcode createListener} makes a listener from. */
export interface CreateListenerOptions {
  /** Key of {@linkcode LISTENER_KINDS}. */
  readonly kind: string;
  /** Its name in the scenario. */
  readonly name: string;
  /** The process it works on. */
  readonly user: UserPages;
  /** Name of a built-in policy of the kind, or a specification. */
  readonly policy: string | PolicySpec;
  /** Options of the kind that differ from the defaults. */
  readonly options?: ListenerOptions;
  /** Its number in trace records; -1 if left out. */
  readonly subject?: number;
  /** Costs that differ from the defaults, in ns. */
  readonly costs?: Readonly<Partial<Record<ListenerCostName, number>>>;
}

/**
 * Makes a listener. Its `ops`, unless null, are still to be registered on the chain.
 *
 * @param request What to make.
 * @returns The listener.
 * @throws {RangeError} If kind, policy, option or cost is unknown or out of range.
 * @throws {TypeError} If an option has the wrong type.
 */
export function createListener(request: CreateListenerOptions): Listener {
  const { kind, name, user, subject, costs } = request;
  const spec = listenerKind(kind);
  const policy = resolvePolicy(kind, request.policy);
  const options = checkOptions(spec, request.options ?? {});
  return spec.create(
    {
      name,
      user,
      policy,
      ...(subject === undefined ? {} : { subject }),
      ...(costs === undefined ? {} : { costs }),
    },
    options,
  );
}

/**
 * Finds a kind of listener.
 *
 * @param kind Its key.
 * @returns Its record.
 * @throws {RangeError} If there is no such kind.
 */
export function listenerKind(kind: string): ListenerKindSpec {
  if (Object.hasOwn(LISTENER_KINDS, kind)) return LISTENER_KINDS[kind];
  throw new RangeError(
    `Cannot find listener kind "${kind}": expected one of ${
      Object.keys(LISTENER_KINDS).join(", ")
    }`,
  );
}

function checkOptions(spec: ListenerKindSpec, given: ListenerOptions): ListenerOptions {
  const checked: Record<string, boolean | number | string> = {};
  for (const [name, option] of Object.entries(spec.options)) checked[name] = option.default;
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(spec.options, name)) {
      const known = Object.keys(spec.options).join(", ") || "none";
      throw new RangeError(
        `Cannot set option "${name}" of listener kind "${spec.kind}": its options are ${known}`,
      );
    }
    checkValue(spec.kind, name, spec.options[name], value);
    checked[name] = value;
  }
  return checked;
}

function checkValue(
  kind: string,
  name: string,
  option: ListenerOptionSpec,
  value: boolean | number | string,
): void {
  const what = `Cannot set option "${name}" of listener kind "${kind}" to ${JSON.stringify(value)}`;
  if (option.kind === "flag" && typeof value !== "boolean") {
    throw new TypeError(`${what}: expected true or false`);
  }
  if (option.kind === "count" && !(Number.isInteger(value) && Number(value) >= 0)) {
    throw new TypeError(`${what}: expected an integer not below zero`);
  }
  if (option.kind === "choice" && !option.choices?.includes(String(value))) {
    throw new RangeError(`${what}: expected one of ${option.choices?.join(", ")}`);
  }
}
