/**
 * Scenarios to begin with: one listener, one event.
 *
 * @module
 */

import { scalarText } from "./write.ts";

/** How a kind of listener comes to work on memory. */
interface Device {
  /** Operation that gives it the memory; none where it has the whole process. */
  readonly give?: string;
  /** Operation that uses the memory. */
  readonly use: string;
}

const MEMORY = "listener: device, range: memory";

/** The kinds of listener whose devices come back by themselves to memory that they lost. */
const DEVICES: Readonly<Record<string, Device>> = {
  kvm: { give: "memslot", use: "guest_write" },
  odp: { give: "reg_mr", use: "rdma_write" },
  odp_implicit: { use: "rdma_write" },
  amdgpu_gfx: { give: "userptr", use: "submit" },
  amdgpu_hsa: { give: "userptr", use: "submit" },
  radeon: { give: "userptr", use: "submit" },
  i915: { give: "userptr", use: "submit" },
  hmm: { give: "mirror", use: "device_write" },
  sva: { use: "device_write" },
};

/** What makes an event happen. */
interface Cause {
  /** What happens, as a sentence. */
  readonly what: string;
  /** The operation. */
  readonly operation: string;
  /** What has to come before the device can use the memory again; null if it never can. */
  readonly after?: string | null;
}

const CAUSES: Readonly<Record<string, Cause>> = {
  PROTECTION_VMA: {
    what: "The application makes its memory read-only",
    operation: "mprotect: { range: memory, prot: r }",
    after: "mprotect: { range: memory, prot: rw }",
  },
  PROTECTION_PAGE: {
    what: "The application forks",
    operation: "fork: { process: app, child: child }",
  },
  SOFT_DIRTY: {
    what: "Somebody begins to track what the application writes",
    operation: "clear_refs: { process: app, value: 4 }",
  },
  CLEAR: {
    what: "The application gives the content of its memory up",
    operation: "madvise: { range: memory, advice: DONTNEED }",
  },
  UNMAP: {
    what: "The application unmaps its memory",
    operation: "munmap: { range: memory }",
    after: null,
  },
};

/** The kinds of listener that there are scenarios for. */
export const SCAFFOLD_KINDS: readonly string[] = Object.keys(DEVICES);

/** The events that there are scenarios for, with what makes each happen. */
export const SCAFFOLD_EVENTS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(CAUSES).map(([event, { what }]) => [event, what]),
);

/** What the scenario is to be about. */
export interface ScaffoldOptions {
  /** Name of the scenario. */
  readonly name: string;
  /** One of {@linkcode SCAFFOLD_KINDS}. */
  readonly kind: string;
  /** A key of {@linkcode SCAFFOLD_EVENTS}. */
  readonly event: string;
  /** Number of pages of the memory. */
  readonly pages: number;
  /** Address of the JSON Schema, for editors; left out unless given. */
  readonly schema?: string;
}

/**
 * Writes a scenario: a device uses memory, the event happens, the device uses the memory again.
 *
 * @param options What it is about.
 * @returns The text of the file.
 * @throws {RangeError} If kind or event is unknown.
 * @example
 * ```ts
 * import { parseScenario } from "./scenario.ts";
 * import { scaffold } from "./scaffold.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const text = scaffold({ name: "First", kind: "kvm", event: "CLEAR", pages: 16 });
 * assertEquals(parseScenario(text).name, "First");
 * ```
 */
export function scaffold({ name, kind, event, pages, schema }: ScaffoldOptions): string {
  if (!Object.hasOwn(DEVICES, kind) || !Object.hasOwn(CAUSES, event)) {
    throw new RangeError(`Cannot make a scenario of "${kind}" and "${event}"`);
  }
  const { give, use } = DEVICES[kind];
  const { what, operation, after } = CAUSES[event];
  const using = `${use}: { ${MEMORY}, fill: unique }`;
  const again = ["  - name: The device uses the memory again", `    ${using}`];
  return [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    `name: ${scalarText(name)}`,
    "about: >",
    `  ${what}; a listener of kind ${kind} hears of it.`,
    `tags: [${kind}, ${event}]`,
    "kernels: [v5.2, v5-series]",
    `vars: { pages: ${pages} }`,
    "",
    "processes: { app: {} }",
    "listeners:",
    `  device: { kind: ${kind}, process: app }`,
    "",
    "steps:",
    '  - mmap: { process: app, name: memory, size: "${pages} pages" }',
    "  - fill: { range: memory, fill: unique }",
    ...(give === undefined ? [] : [`  - ${give}: { ${MEMORY} }`]),
    "  - name: The device uses the memory",
    `    ${using}`,
    "    expect: { ret: 0 }",
    `  - name: ${what}`,
    `    ${operation}`,
    "    expect:",
    `      events: { ${event}: ">= 1" }`,
    ...(after === undefined || after === null ? [] : [`  - ${after}`]),
    ...(after === null ? [] : again),
    "",
    "expect:",
    "  - violations: 0",
    "    compare:",
    '      device.faults: { ideal: "<= legacy" }',
    "",
  ].join("\n");
}
