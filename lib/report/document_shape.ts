/**
 * Reading documents of runs back, from JSON or JSON lines, and checking every part of them.
 *
 * @module
 */

import type { ReportDocument } from "./document.ts";

/** What a value has to be. */
type Shape =
  | "string"
  | "number"
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly orNull: Shape }
  | { readonly orMissing: Shape }
  | { readonly words: readonly string[] }
  | { readonly record: Readonly<Record<string, Shape>> };

const STATUS: Shape = { words: ["passed", "failed", "inconclusive", "skipped"] };
const POSITION: Shape = { record: { file: "string", line: "number", column: "number" } };

const FAILURE: Shape = {
  record: {
    message: "string",
    position: { orNull: POSITION },
    text: "string",
    runs: { list: { record: { kernel: "string", policy: { orNull: "string" } } } },
  },
};

const RUN: Shape = {
  record: {
    policy: "string",
    seed: "number",
    status: STATUS,
    time_ns: "number",
    violations: "number",
    trace_dropped: "number",
  },
};

const LISTENER: Shape = {
  record: {
    name: "string",
    kind: "string",
    process: "string",
    verdicts: { list: "string" },
    counters: { map: { list: "number" } },
  },
};

const KERNEL: Shape = {
  record: {
    kernel: "string",
    columns: { list: "string" },
    runs: { list: RUN },
    expectations: "number",
    listeners: { list: LISTENER },
  },
};

const WINDOW: Shape = {
  record: {
    process: "string",
    event: "string",
    site: "string",
    start: "number",
    end: "number",
    start_ns: "number",
    end_ns: { orNull: "number" },
  },
};

const PAGE_STEP: Shape = {
  record: {
    step: "number",
    changes: {
      list: { record: { table: "string", where: "string", before: "string", after: "string" } },
    },
    more: "number",
  },
};

const TIMELINE: Shape = {
  record: {
    kernel: "string",
    policy: "string",
    total: "number",
    windows: { list: WINDOW },
    pages: { list: PAGE_STEP },
  },
};

const SCENARIO: Shape = {
  record: {
    order: "number",
    file: "string",
    name: "string",
    about: "string",
    tags: { list: "string" },
    status: STATUS,
    reason: { orMissing: "string" },
    steps: { list: "string" },
    kernels: { list: KERNEL },
    failures: { list: FAILURE },
    timelines: { list: TIMELINE },
  },
};

const COVERAGE: Shape = {
  record: {
    sites: { map: "number" },
    events: { map: "number" },
    listeners: { map: { map: { record: { windows: "number", acted: "number" } } } },
    switches: { map: { list: "string" } },
  },
};

const DOCUMENT: Shape = {
  record: {
    format: { words: ["mmulab.report/1"] },
    shard: { orNull: { record: { index: "number", of: "number" } } },
    selected: "number",
    coverage: { orMissing: COVERAGE },
    scenarios: { list: SCENARIO },
  },
};

/**
 * Reads a document that `--report json=` or `jsonl=` wrote.
 *
 * @param text What is in the file.
 * @returns The document.
 * @throws {SyntaxError} If it is none; the message says where it goes wrong.
 */
export function parseReport(text: string): ReportDocument {
  const value = parseJson(text);
  const problem = mismatch(value, DOCUMENT, "report");
  if (problem !== undefined) throw new SyntaxError(`Cannot read a report: ${problem}`);
  return value as ReportDocument;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseLines(text);
  }
}

function parseLines(text: string): unknown {
  try {
    const [head, ...scenarios] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    return { ...head, scenarios };
  } catch {
    throw new SyntaxError("Cannot read a report: expected JSON or JSON lines");
  }
}

/** The first place where a value is not what it has to be, and how. */
function mismatch(value: unknown, shape: Shape, path: string): string | undefined {
  if (typeof shape === "string") {
    const type: string = typeof value;
    return type === shape ? undefined : `expected a ${shape} at ${path}`;
  }
  if ("orNull" in shape) return value === null ? undefined : mismatch(value, shape.orNull, path);
  if ("orMissing" in shape) {
    return value === undefined ? undefined : mismatch(value, shape.orMissing, path);
  }
  if ("words" in shape) {
    if (shape.words.some((word) => word === value)) return undefined;
    return `expected ${shape.words.join(", ")} at ${path}`;
  }
  if ("list" in shape) {
    if (!Array.isArray(value)) return `expected a list at ${path}`;
    return first(value.entries(), (index, one) => mismatch(one, shape.list, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null) return `expected an object at ${path}`;
  const members = new Map(Object.entries(value));
  if ("map" in shape) {
    return first(members, (key, one) => mismatch(one, shape.map, `${path}.${key}`));
  }
  return first(
    Object.entries(shape.record),
    (key, inner) => mismatch(members.get(key), inner, `${path}.${key}`),
  );
}

function first<Key, Value>(
  entries: Iterable<readonly [Key, Value]>,
  look: (key: Key, value: Value) => string | undefined,
): string | undefined {
  for (const [key, value] of entries) {
    const found = look(key, value);
    if (found !== undefined) return found;
  }
  return undefined;
}
