/**
 * The words of an `expect:` block, each with its reader and its schema.
 *
 * @module
 */

import type { CompareExpectation, Countable, Demand } from "../machine/expectation.ts";
import { ERRNO, type ErrnoName } from "../kernel/errno.ts";
import { TRACE_KINDS } from "../kernel/trace.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import { placedText } from "../machine/expect_pages.ts";
import { policyName } from "./arguments.ts";
import { conditionSchema } from "./conditions.ts";
import { quote } from "./diagnostics.ts";
import type { Entry } from "./document.ts";
import { addDemand, type ExpectBlock, valueText } from "./expect_block.ts";
import { figureSchema, readFigures } from "./figure_demands.ts";
import { isFormula, readFormula } from "./formula.ts";
import { figureProblem, valueProblem } from "./figures.ts";
import type { JsonSchema } from "./json_schema.ts";
import { columnRule, kernelRule, matcher, type NameRule } from "./matcher_text.ts";
import { pagesSchema, readPages } from "./page_demands.ts";
import { sequence } from "./sequence_text.ts";
import { readVmas, vmasSchema } from "./vma_demands.ts";
import { choice, describe, listOf, mapOf, readMap, type Shape } from "./shape.ts";
import { suggestion } from "./suggest.ts";
import { usesOf } from "./uses.ts";

/** Where an `expect:` stands. */
export type ExpectPlace = "step" | "end";

/** A word of an `expect:` block. */
export interface ExpectKey {
  /** One line of documentation. */
  readonly about: string;
  /** Where it may stand; both unless told. */
  readonly place?: ExpectPlace;
  /**
   * Reads its value.
   *
   * @param entry The entry.
   * @param block The block, which receives what is found.
   * @param place Where the block stands.
   */
  read(entry: Entry, block: ExpectBlock, place: ExpectPlace): void;
  /**
   * Describes its value for editors.
   *
   * @returns A JSON Schema.
   */
  schema(): JsonSchema;
}

const COUNTABLES: readonly Countable[] = [...WINDOW_EVENT_NAMES, "windows", ...TRACE_KINDS];
const ERRNO_NAMES = Object.keys(ERRNO) as ErrnoName[];

/** The keys of an `expect:` block with a meaning of their own. */
export const EXPECT_KEYS: Readonly<Record<string, ExpectKey>> = {
  when: {
    about: "Kernels and policies for which the block holds",
    read: () => {},
    schema: () => conditionSchema(),
  },
  ret: key({
    about: "Return value of the step",
    place: "step",
    shape: matcher(),
    demands: (matcher) => [{ kind: "ret", matcher }],
  }),
  errno: key({
    about: "Error number with which the step must fail, or several of which one",
    place: "step",
    shape: listOf("error numbers", choice("error number", ERRNO_NAMES), { single: true }),
    demands: (names) => [{ kind: "errno", names }],
  }),
  values: {
    about: "Named values of the step's result",
    place: "step",
    read: readValues,
    schema: () => mapOf("values", undefined, matcher()).schema(),
  },
  delta: {
    about: "Figures by how much they change during the step",
    place: "step",
    read: readDeltas,
    schema: () => ({ type: "object", additionalProperties: figureSchema() }),
  },
  events: {
    about: "Numbers of windows by event, of all windows, or of callbacks by kind",
    read: readEvents,
    schema: () =>
      mapOf("events", { what: "event or callback", words: COUNTABLES }, matcher()).schema(),
  },
  sequence: key({
    about: 'The notifier callbacks, exactly: "S CLEAR ram[0] · cp ram[0] · E"',
    shape: sequence(),
    demands: (items) => [{ kind: "sequence", items }],
  }),
  unordered: key({
    about: "The notifier callbacks, these and no others, in any order",
    shape: sequence(),
    demands: (items) => [{ kind: "unordered", items }],
  }),
  subsequence: key({
    about: "Notifier callbacks that must come in this order, among others",
    shape: sequence(),
    demands: (items) => [{ kind: "subsequence", items }],
  }),
  that: {
    about: 'Expressions that must be true: "guest.faults >= before && ret == 0"',
    read: readThat,
    schema: () => {
      const text: JsonSchema = { type: "string" };
      return { anyOf: [text, { type: "array", items: text }] };
    },
  },
  pages: {
    about: "Facts of pages by range",
    read: (entry, block) => {
      for (const { where, demand, entry: written, range } of readPages(entry.value, block.scope)) {
        const name = `${placedText(where)} ${written.key.text}`;
        addDemand(block, written, { kind: "pages", where, demand }, name, [range]);
      }
    },
    schema: pagesSchema,
  },
  vmas: {
    about: "Facts of vmas by range",
    read: (entry, block) => {
      for (const { where, demand, entry: written, range } of readVmas(entry.value, block.scope)) {
        const name = `vmas ${placedText(where)} ${written.key.text}`;
        addDemand(block, written, { kind: "vmas", where, demand }, name, [range]);
      }
    },
    schema: vmasSchema,
  },
  violations: {
    about: "Number of violations, the invariant that must break, or numbers by invariant",
    read: readViolations,
    schema: () => ({
      anyOf: [{ type: ["number", "string"] }, mapOf("", undefined, matcher()).schema()],
    }),
  },
  sometimes: {
    about: "Expectations that must hold at the end of some run of the file, not of each",
    place: "end",
    read: () => {},
    schema: () => ({ type: "object" }),
  },
  compare_kernels: {
    about: "Figures by kernel profile, when a scenario runs under several",
    place: "end",
    read: readCompareKernels,
    schema: () => ({ type: "object", additionalProperties: columns().schema() }),
  },
  compare: {
    about: "Figures by policy, when runs are compared",
    place: "end",
    read: readCompare,
    schema: () => ({ type: "object", additionalProperties: columns().schema() }),
  },
};

function key<T>(
  options: {
    readonly about: string;
    readonly place?: ExpectPlace;
    readonly shape: Shape<T>;
    readonly demands: (value: T) => readonly Demand[];
  },
): ExpectKey {
  const { shape, demands, ...rest } = options;
  return {
    ...rest,
    read(entry, block) {
      const value = shape.read(entry.value, block.scope);
      if (value === undefined) return;
      for (const demand of demands(value)) addDemand(block, entry, demand);
    },
    schema: () => shape.schema(),
  };
}

function readValues(entry: Entry, block: ExpectBlock): void {
  for (const one of readMap(entry.value, block.scope, "a map of values") ?? []) {
    const read = matcher().read(one.value, block.scope);
    const name = one.key.text;
    const problem = valueProblem(name, block.scope);
    if (problem !== undefined) block.scope.report(one.key, problem.message, problem.hint);
    if (read === undefined || problem !== undefined) continue;
    addDemand(block, one, { kind: "value", name, matcher: read }, `values.${name}`);
  }
}

function readDeltas(entry: Entry, block: ExpectBlock): void {
  for (const one of readMap(entry.value, block.scope, "a map of figures") ?? []) {
    readFigures(one, block, "delta");
  }
}

function readEvents(entry: Entry, block: ExpectBlock): void {
  for (const one of readMap(entry.value, block.scope, "a map of events") ?? []) {
    const what = COUNTABLES.find((countable) => countable === one.key.text);
    if (what === undefined) {
      const name = quote(one.key.text);
      const hint = suggestion(one.key.text, COUNTABLES);
      block.scope.report(one.key, `Unknown event or callback ${name}`, hint);
      continue;
    }
    const read = matcher().read(one.value, block.scope);
    if (read === undefined) continue;
    addDemand(block, one, { kind: "events", what, matcher: read }, `events.${what}`);
  }
}

function readThat({ key, value }: Entry, block: ExpectBlock, place: ExpectPlace): void {
  const { scope } = block;
  for (const node of value.kind === "list" ? value.items : [value]) {
    if (node.kind !== "scalar" || node.value === null) {
      const wanted = 'an expression such as "guest.faults >= 3"';
      scope.report(node, `Expected ${wanted}, got ${describe(node)}`);
      continue;
    }
    const read = readFormula(node, scope, { result: place === "step" });
    if (read === undefined) continue;
    if (!isFormula(read) && typeof read !== "boolean") {
      scope.report(node, `Expected true or false, got ${quote(String(read))}`);
      continue;
    }
    const expression = isFormula(read)
      ? read.expression
      : { kind: "literal", value: read, at: 0, length: 1 } as const;
    addDemand(block, { key, value: node }, { kind: "that", expression });
  }
}

function readViolations(entry: Entry, block: ExpectBlock): void {
  const { value } = entry;
  if (value.kind === "map") {
    for (const one of value.entries) {
      const read = matcher().read(one.value, block.scope);
      const invariant = one.key.text;
      if (read === undefined) continue;
      const demand = { kind: "violations", invariant, matcher: read } as const;
      addDemand(block, one, demand, `violations.${invariant}`);
    }
    return;
  }
  if (value.kind === "scalar" && /^[a-z][a-z_]*$/.test(value.text)) {
    const atLeastOne = { operator: ">=", operand: 1 } as const;
    addDemand(block, entry, { kind: "violations", invariant: value.text, matcher: atLeastOne });
    return;
  }
  const read = matcher().read(value, block.scope);
  if (read !== undefined) addDemand(block, entry, { kind: "violations", matcher: read });
}

function columns() {
  return mapOf("a map of policies", undefined, matcher(columnRule()));
}

/** Reads figures by column: the shape of a column's name, the rule for names in its matcher. */
function readTable(
  entry: Entry,
  { scope, when, lines }: ExpectBlock,
  name: Shape<string>,
  rule: NameRule,
): CompareExpectation[] {
  const found: CompareExpectation[] = [];
  for (const { key, value } of readMap(entry.value, scope, "a map of figures") ?? []) {
    const problem = figureProblem(key.text, scope);
    if (problem) scope.report(key, problem.message, problem.hint);
    const [columns, example] = name === KERNEL
      ? ["a map of kernels", '{ v6.1: "<= v5.2" }']
      : ["a map of policies", '{ ideal: "< legacy" }'];
    for (const one of readMap(value, scope, columns, example) ?? []) {
      const column = name.read(one.key, scope);
      const read = matcher(rule).read(one.value, scope);
      if (column === undefined || read === undefined || problem) continue;
      const text = `${key.text}: { ${column}: ${valueText(one.value)} }`;
      const position = scope.position(one.key);
      const uses = usesOf([one.value], scope);
      const written = { text, when, position, lines, ...(uses.length === 0 ? {} : { uses }) };
      found.push({ figure: key.text, column, matcher: read, ...written });
    }
  }
  return found;
}

function readCompare(entry: Entry, block: ExpectBlock): void {
  block.found.compare.push(...readTable(entry, block, policyName(), columnRule()));
}

function readCompareKernels(entry: Entry, block: ExpectBlock): void {
  block.found.compareKernels.push(...readTable(entry, block, KERNEL, kernelRule));
}

const KERNEL: Shape<string> = {
  read: (node, scope) =>
    choice("kernel profile", Object.keys(scope.vocabulary.profiles)).read(node, scope),
  schema: () => ({ type: "string" }),
};
