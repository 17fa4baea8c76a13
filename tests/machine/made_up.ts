/** A machine that is nothing but data, for tests of expectations. */

import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import type { TraceKind, TraceRecord } from "../../lib/kernel/trace.ts";
import type { Violation } from "../../lib/kernel/violation.ts";
import type { Demand, Expectation } from "../../lib/machine/expectation.ts";
import type { DeviceAccess, Observed, PageFacts } from "../../lib/machine/observed.ts";
import { newProgram, newStep, type Program } from "../../lib/machine/program.ts";
import type { OperationResult, OperationSpec } from "../../lib/machine/spec.ts";
import { EVENT_NAMES, type EventName } from "../../lib/notifier/range.ts";

export const RAM_START = 0x10000;
export const RAM_PAGES = 4;

const BLANK: PageFacts = {
  present: true,
  writable: false,
  dirty: false,
  soft_dirty: false,
  young: false,
  swapped: false,
  migrating: false,
  protnone: false,
  anon: true,
  ksm: false,
  huge: false,
  zero: false,
  locked: false,
  lazy_free: false,
  content: 0,
  mapcount: 1,
  refcount: 1,
  pins: 0,
  node: 0,
  pfn: 0,
};

/** Makes the facts of a page. */
export function page(facts: Partial<PageFacts> = {}): PageFacts {
  return { ...BLANK, ...facts };
}

/** Makes a trace record; `start` and `end` are pages of ram. */
export function record(
  kind: TraceKind,
  parts: { event?: EventName; from?: number; to?: number; flags?: number; mm?: number } = {},
): TraceRecord {
  const { event = "UNMAP", from = 0, to = from + 1, flags = 0, mm = 0 } = parts;
  return {
    index: 0,
    time: 0,
    kind,
    event: EVENT_NAMES.indexOf(event),
    flags,
    mm,
    subject: -1,
    start: RAM_START + from * PAGE_SIZE,
    end: RAM_START + to * PAGE_SIZE,
    site: 0,
  };
}

/** What a made-up machine shows. */
export interface MadeUp {
  kernel?: string;
  policy?: string;
  result?: OperationResult | null;
  violations?: readonly Violation[];
  allViolations?: readonly Violation[];
  figures?: Record<string, number>;
  records?: readonly TraceRecord[];
  /** Pages of ram by process. */
  pages?: Record<string, readonly (PageFacts | undefined)[]>;
  access?: readonly DeviceAccess[];
}

/** Makes a machine with one mapping `ram` of 4 pages, made by process `p` (mm 0); `c` is mm 1. */
export function observed(parts: MadeUp = {}): Observed {
  const { pages = {}, access = [], violations = [] } = parts;
  const pageOf = (address: number) => (address - RAM_START) / PAGE_SIZE;
  return {
    kernel: parts.kernel ?? "v5.2",
    policy: parts.policy ?? "legacy",
    result: parts.result === undefined ? { ret: 0 } : parts.result,
    violations,
    allViolations: parts.allViolations ?? violations,
    figure: (path) => parts.figures?.[path],
    records: () => parts.records ?? [],
    page: (process, address) => pages[process]?.[pageOf(address)],
    access: (listener, address) => listener === "guest" ? access[pageOf(address)] : undefined,
    resolve: ({ process = "p", range: { mapping, firstPage, pages } }) => {
      if (mapping !== "ram") return undefined;
      const start = RAM_START + firstPage * PAGE_SIZE;
      return { process, start, pages: pages ?? RAM_PAGES - firstPage };
    },
    mmOf: (process) => ["p", "c"].indexOf(process),
  };
}

const NOTHING: OperationSpec = {
  name: "nothing",
  about: "Does nothing",
  args: {},
  // deno-lint-ignore require-yield
  *run() {
    return { ret: 0 };
  },
};

/** Makes an expectation. */
export function expectation(demand: Demand, when: Expectation["when"] = {}): Expectation {
  return { demand, when, text: "as written", position: { file: "f", line: 1, column: 2 } };
}

/** Makes a program of one step. */
export function program(expect: readonly Expectation[], parts: Partial<Program> = {}): Program {
  return newProgram({ name: "t", steps: [newStep(NOTHING, {}, expect)], ...parts });
}
