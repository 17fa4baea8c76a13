/**
 * The sections of docs/scenario-reference.md, from the tables of the checker and the schema.
 *
 * @module
 */

import { INJECTABLE_FAULTS } from "../lib/kernel/faults.ts";
import { PREEMPTIONS } from "../lib/kernel/operation.ts";
import { POLICY_ACTIONS } from "../lib/listeners/policy.ts";
import { FIGURES } from "../lib/machine/figures.ts";
import type { ArgumentKind, ArgumentSpec, OperationSpec } from "../lib/machine/spec.ts";
import { EVENT_NAMES, WINDOW_EVENT_NAMES } from "../lib/notifier/range.ts";
import { TRACE_KINDS } from "../lib/kernel/trace.ts";
import { COUNTER_MEANINGS } from "../lib/report/counters_text.ts";
import { VOCABULARY } from "../lib/scenario/builtin_vocabulary.ts";
import { PAGE_FACTS } from "../lib/scenario/captures.ts";
import { EXPECT_KEYS } from "../lib/scenario/expect_keys.ts";
import { PART_KEYS } from "../lib/scenario/fragments.ts";
import { FUNCTIONS } from "../lib/machine/expression.ts";
import type { JsonSchema } from "../lib/scenario/json_schema.ts";
import { matrixSchema } from "../lib/scenario/matrix.ts";
import { pagesSchema } from "../lib/scenario/page_demands.ts";
import { stepSchema } from "../lib/scenario/step_keys.ts";
import { topLevelFields } from "../lib/scenario/top_level.ts";
import { FIXED } from "../lib/scenario/fixed_limits.ts";
import { RAISABLE } from "../lib/scenario/raised_limits.ts";
import { UNITS } from "../lib/scenario/units.ts";
import { vmasSchema } from "../lib/scenario/vma_demands.ts";
import { codes, commentOf, type Sections, table, wrapped } from "./markdown.ts";

/** The sources that the sections quote. */
export interface ReferenceSources {
  /** Text of lib/mm/vmstat.ts. */
  readonly vmstat: string;
}

/** What each kind of argument looks like. */
const ARGUMENT_KINDS: Readonly<Record<ArgumentKind, string>> = {
  process: "Name of a process",
  listener: "Name of a listener",
  file: "Name of a file that an earlier step made",
  name: "A new name: letters, digits and underscores, no digit first",
  range: "Pages of a mapping: `ram`, `ram[3]`, `ram[0..8]`, `ram[4..]`; the page after `..` is out",
  size: "Bytes, page aligned: `8192`, `16 pages`, `64 MiB`",
  address: "A page-aligned address: `0x7f0000000000`",
  count: "An integer, 0 or more",
  flag: "`true` or `false`",
  choice: "One of the words given",
  fill: "A byte from 0 to 255, or `same`, `unique` or `random`",
  duration: "Nanoseconds, or with a unit: `20 ms`",
};

/**
 * Writes the sections.
 *
 * @param sources The sources that they quote.
 * @returns Sections by name.
 */
export function referenceSections(sources: ReferenceSources): Sections {
  const fields = topLevelFields(VOCABULARY);
  const steps = propertiesOf(stepSchema([]));
  return {
    keys: keyTable(
      Object.entries(fields).map(([name, { about, required }]) => ({
        name,
        about,
        required: required ?? false,
      })),
    ),
    machine: schemaTable(fields.machine.shape.schema()),
    units: table(["Unit", "Measures", "In bytes or ns"], unitRows()),
    functions: wrapped(`Functions: ${codes(Object.keys(FUNCTIONS))}.`),
    policies: policiesText(fields.policies.shape.schema().additionalProperties as JsonSchema),
    listeners: VOCABULARY.listenerKinds.map(listenerText).join("\n"),
    steps: schemaTable(stepSchema([])),
    for: schemaTable(steps.for),
    matrix: schemaTable(matrixSchema()),
    vmas: table(
      ["Fact", "Meaning"],
      descriptions(vmasSchema().additionalProperties as JsonSchema),
    ),
    captures: table(["Fact of a page", "Meaning"], rowsOf(PAGE_FACTS)),
    part: table(["Key of a part", "Meaning"], rowsOf(PART_KEYS)),
    points: table(["Point", "When"], rowsOf(PREEMPTIONS)),
    arguments: table(["Kind", "Written as"], rowsOf(ARGUMENT_KINDS)),
    operations: VOCABULARY.operations.map(operationText).join("\n"),
    expectations: table(["Key", "Stands", "Meaning"], expectRows()),
    pages: table(
      ["Fact", "Meaning"],
      descriptions(pagesSchema().additionalProperties as JsonSchema),
    ),
    events: wrapped(
      `Events: ${codes(WINDOW_EVENT_NAMES)}. Also \`windows\` and the kinds of trace records: ${
        codes(TRACE_KINDS)
      }.`,
    ),
    figures: figuresText(sources.vmstat),
    faults: table(["Mistake", "What goes wrong"], rowsOf(INJECTABLE_FAULTS)),
    raisable: table(
      ["Key", "What is limited", "Usual", "At most, or what to do"],
      [
        ...Object.entries(RAISABLE).map(([name, { about, usual, most }]) => [
          `\`${name}\``,
          about,
          String(usual),
          String(most),
        ]),
        ...Object.values(FIXED).map(({ about, value, advice }) => [
          "",
          about,
          String(value),
          advice,
        ]),
      ],
    ),
  };
}

interface Key {
  readonly name: string;
  readonly about: string;
  readonly required: boolean;
}

function keyTable(keys: readonly Key[]): string {
  if (!keys.some(({ required }) => required)) {
    return table(["Key", "Meaning"], keys.map(({ name, about }) => [`\`${name}\``, about]));
  }
  const rows = keys.map(({ name, about, required }) => [
    `\`${name}\``,
    required ? "yes" : "",
    about,
  ]);
  return table(["Key", "Required", "Meaning"], rows);
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return schema.properties as Readonly<Record<string, JsonSchema>>;
}

function schemaTable(schema: JsonSchema): string {
  const required = (schema.required ?? []) as readonly string[];
  return keyTable(
    Object.entries(propertiesOf(schema)).map(([name, { description }]) => ({
      name,
      about: String(description),
      required: required.includes(name),
    })),
  );
}

function descriptions(schema: JsonSchema): string[][] {
  return Object.entries(propertiesOf(schema)).map((
    [name, { description }],
  ) => [`\`${name}\``, String(description)]);
}

function rowsOf(meanings: Readonly<Record<string, string>>): string[][] {
  return Object.entries(meanings).map(([name, meaning]) => [`\`${name}\``, meaning]);
}

function unitRows(): string[][] {
  return Object.entries(UNITS).map((
    [name, { dimension, factor }],
  ) => [`\`${name}\``, dimension, String(factor)]);
}

function policiesText(schema: JsonSchema): string {
  const events = wrapped(`Events: ${codes(EVENT_NAMES)}.`);
  const actions = table(["Action", "What it does"], rowsOf(POLICY_ACTIONS));
  const builtIn = wrapped(`Built-in policies: ${codes(VOCABULARY.policies)}.`);
  return [builtIn, schemaTable(schema), events, actions].join("\n");
}

function listenerText({ kind, about, options }: typeof VOCABULARY.listenerKinds[number]): string {
  const head = `### ${kind}\n\n${wrapped(`${about}.`)}`;
  return Object.keys(options).length === 0 ? head : `${head}\n${argumentTable(options)}`;
}

function operationText({ name, about, kernel, args, values = {} }: OperationSpec): string {
  const where = kernel === undefined ? "" : ` In the kernel: \`${kernel}\`.`;
  const back = Object.entries(values).map(([value, meaning]) => [`\`${value}\``, meaning]);
  return [
    `### ${name}\n\n${wrapped(`${about}.${where}`)}`,
    ...(Object.keys(args).length === 0 ? [] : [argumentTable(args)]),
    ...(back.length === 0 ? [] : [table(["Value", "Meaning"], back)]),
  ].join("\n");
}

function argumentTable(specs: Readonly<Record<string, ArgumentSpec>>): string {
  const rows = Object.entries(specs).map(([name, spec]) => [
    `\`${name}\``,
    kindText(spec),
    spec.default !== undefined ? `\`${spec.default}\`` : spec.required ? "required" : "",
    spec.about,
  ]);
  const long = Object.entries(specs).filter(([, { choices }]) => isLong(choices));
  const words = long.map(([name, { choices }]) =>
    `\n${wrapped(`\`${name}\`: ${codes(choices!)}.`)}`
  );
  return table(["Argument", "Kind", "Default", "Meaning"], rows) + words.join("");
}

/** Whether the words of a choice need a paragraph of their own. */
function isLong(choices: readonly string[] | undefined): boolean {
  return choices !== undefined && choices.length > 6;
}

function kindText({ kind, choices, listenerKinds, introduces }: ArgumentSpec): string {
  if (choices !== undefined) return isLong(choices) ? "word, see below" : codes(choices);
  if (listenerKinds !== undefined) return `listener: ${listenerKinds.join(", ")}`;
  if (kind === "name") return `name of a new ${introduces ?? "mapping"}`;
  return kind;
}

function expectRows(): string[][] {
  const places = { step: "at a step", end: "at the end" };
  return Object.entries(EXPECT_KEYS).map(([name, { about, place }]) => [
    `\`${name}\``,
    place === undefined ? "both" : places[place],
    about,
  ]);
}

function figuresText(vmstat: string): string {
  const { groups, listener, process } = FIGURES;
  const { vmstat: counters, ...plain } = groups;
  const paragraphs = Object.entries({ ...plain, process }).map(([group, names]) =>
    wrapped(`Of ${group === "process" ? "a process" : `\`${group}\``}: ${codes(names)}.`)
  );
  const ofListener = listener.map((name) => [
    `\`${name}\``,
    COUNTER_MEANINGS[name as keyof typeof COUNTER_MEANINGS],
  ]);
  return [
    ...paragraphs,
    "Of a listener:\n",
    table(["Figure", "Meaning"], ofListener),
    "Of `vmstat`:\n",
    table(["Figure", "Meaning"], counters.map((name) => [`\`${name}\``, commentOf(vmstat, name)])),
  ].join("\n");
}
