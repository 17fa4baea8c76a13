/**
 * What a kind of listener is, and making one of a kind.
 *
 * The scenario checker and the documentation read the records; the machine calls
 * {@linkcode makeListener}.
 *
 * @module
 */

import type { UserPages } from "../mm/user_pages.ts";
import { CustomDriver, type CustomListenerFactory } from "./custom.ts";
import type { ListenerCostName } from "./costs.ts";
import type { ListenerInit } from "./device.ts";
import type { Listener } from "./listener.ts";
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

/** Kinds of listener by their keys. */
export type ListenerKinds = Readonly<Record<string, ListenerKindSpec>>;

/** The kind of listeners of the user's own. */
export const CUSTOM_KIND: ListenerKindSpec = {
  kind: "custom",
  about: "A listener of the user's own, from the module given by --listener",
  kernel: "include/linux/mmu_notifier.h",
  options: {},
  create: ({ name }) => {
    throw new RangeError(
      `Cannot make listener "${name}" of kind custom: expected a module, such as by ` +
        `--listener ${name}=FILE`,
    );
  },
};

/** What {@linkcode makeListener} makes a listener from. */
export interface ListenerRequest {
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
  /** Makes the user's part of a listener of kind custom. */
  readonly factory?: CustomListenerFactory;
}

/**
 * Makes a listener of a kind. Its `ops`, unless null, are still to be registered on the chain.
 *
 * @param spec The kind.
 * @param request What to make.
 * @returns The listener.
 * @throws {RangeError} If policy, option or cost is unknown or out of range.
 * @throws {TypeError} If an option has the wrong type, or the factory is no function.
 */
export function makeListener(spec: ListenerKindSpec, request: ListenerRequest): Listener {
  const { name, user, subject, costs } = request;
  const policy = resolvePolicy(spec.kind, request.policy);
  const options = checkOptions(spec, request.options ?? {});
  const init: ListenerInit = {
    name,
    user,
    policy,
    ...(subject === undefined ? {} : { subject }),
    ...(costs === undefined ? {} : { costs }),
  };
  const { factory } = request;
  if (factory === undefined) return spec.create(init, options);
  if (typeof factory === "function") return new CustomDriver(init, factory);
  throw new TypeError(
    `Cannot make listener "${name}": expected a function that makes it, got ${typeof factory}`,
  );
}

/**
 * Finds a kind of listener.
 *
 * @param kinds The kinds that there are.
 * @param kind Its key.
 * @param elsewhere Where there are others, for the error.
 * @returns Its record.
 * @throws {RangeError} If there is no such kind.
 */
export function findKind(kinds: ListenerKinds, kind: string, elsewhere = ""): ListenerKindSpec {
  if (Object.hasOwn(kinds, kind)) return kinds[kind];
  const known = Object.keys(kinds).join(", ");
  throw new RangeError(`Cannot find listener kind "${kind}": expected one of ${known}${elsewhere}`);
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
