/**
 * The keys of a scenario file: one table for the checker and the JSON Schema.
 *
 * @module
 */

import type { KernelProfile } from "../kernel/profile.ts";
import type { FaultName } from "../kernel/faults.ts";
import {
  DEFAULT_KERNEL,
  DEFAULT_MACHINE,
  type MachineSettings,
  type ProgramListener,
  type ProgramPolicy,
  type ProgramProcess,
  type Step,
} from "../machine/program.ts";
import { listeners, policies, processes } from "./actors.ts";
import type { Expectations } from "./expect_block.ts";
import { expectationsSchema, readExpectations } from "./expectations.ts";
import { fragments, includedFiles } from "./fragments.ts";
import { limits } from "./limits_block.ts";
import { MAX_MEMORY, MAX_NUMA_NODES, MIN_MEMORY } from "./limits.ts";
import { duration, integer, size } from "./measures.ts";
import { matrixSchema } from "./matrix.ts";
import { raiseHint } from "./raised_limits.ts";
import { PAGE_SIZE } from "../kernel/address.ts";
import { choice, type Field, flag, listOf, mapOf, record, type Shape, text } from "./shape.ts";
import { readSteps } from "./steps.ts";
import { variablesSchema } from "./variables.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The fields of a scenario file; the order is that in which they are read. */
export interface TopLevelFields {
  /** Any field, as the checker goes through them. */
  readonly [name: string]: Field<unknown>;
  /** Title. */
  readonly name: Field<string>;
  /** What the scenario shows. */
  readonly about: Field<string>;
  /** Words to select it by. */
  readonly tags: Field<readonly string[]>;
  /** Kernel profile. */
  readonly kernel: Field<string>;
  /** Kernel profiles under which it must pass. */
  readonly kernels: Field<readonly string[]>;
  /** Switches that differ from the profile. */
  readonly switches: Field<Partial<KernelProfile>>;
  /** The simulated computer. */
  readonly machine: Field<MachineSettings>;
  /** Costs that differ from the model. */
  readonly costs: Field<ReadonlyMap<string, number>>;
  /** Mistakes to inject. */
  readonly faults: Field<readonly FaultName[]>;
  /** Limits to raise. */
  readonly limits: Field<undefined>;
  /** Variables. */
  readonly vars: Field<undefined>;
  /** Values for which the scenario runs. */
  readonly matrix: Field<undefined>;
  /** Files whose fragments it uses. */
  readonly include: Field<undefined>;
  /** Steps to be used again. */
  readonly fragments: Field<undefined>;
  /** Policies beside the built-in ones. */
  readonly policies: Field<Readonly<Record<string, ProgramPolicy>>>;
  /** Processes that exist from the beginning. */
  readonly processes: Field<readonly ProgramProcess[]>;
  /** Listeners from the beginning. */
  readonly listeners: Field<readonly ProgramListener[]>;
  /** What to do. */
  readonly steps: Field<readonly Step[]>;
  /** What must hold at the end. */
  readonly expect: Field<Expectations>;
}

/**
 * Makes the fields of a scenario file, in the order in which they are read: what a later field
 * needs to know, such as the names of processes, an earlier one has put in force.
 *
 * @param vocabulary The words from below.
 * @returns The fields.
 */
export function topLevelFields(vocabulary: Vocabulary): TopLevelFields {
  const kernel = choice("kernel profile", Object.keys(vocabulary.profiles));
  const costs = { what: "cost", words: vocabulary.costs };
  return {
    name: { about: "Title", required: true, shape: text() },
    about: { about: "What the scenario shows", shape: text() },
    tags: { about: "Words to select it by", shape: listOf("tags", text()) },
    kernel: { about: `Kernel profile (default ${DEFAULT_KERNEL})`, shape: kernel },
    kernels: {
      about:
        "Kernel profiles under which it must pass (default the one of kernel; any, if neither is given)",
      shape: listOf("kernel profiles", kernel),
    },
    switches: { about: "Switches that differ from the profile", shape: switches(vocabulary) },
    machine: { about: "The simulated computer", shape: machine() },
    costs: {
      about: "Costs that differ from the model",
      shape: mapOf("a map of costs", costs, duration()),
    },
    faults: { about: "Mistakes to inject", shape: faults(vocabulary) },
    limits: { about: "Limits to raise", shape: limits() },
    vars: { about: "Variables for ${...}", shape: variables() },
    matrix: { about: "Values of variables; it runs once for each cell", shape: matrix() },
    include: { about: "Files whose fragments it uses", shape: includedFiles() },
    fragments: { about: "Steps to be used again, with parameters", shape: fragments() },
    policies: { about: "Policies beside the built-in ones", shape: policies(vocabulary) },
    processes: { about: "Processes that exist from the beginning", shape: processes() },
    listeners: { about: "Listeners from the beginning", shape: listeners(vocabulary) },
    steps: { about: "What to do, in order", required: true, shape: steps() },
    expect: { about: "What must hold at the end", shape: expectations() },
  };
}

function machine(): Shape<MachineSettings> {
  const settings = record("a machine", {
    memory: {
      about: "Memory (default 64 MiB)",
      shape: size({ min: MIN_MEMORY, max: MAX_MEMORY, multipleOf: PAGE_SIZE }),
    },
    nodes: { about: "NUMA nodes (default 1)", shape: integer({ min: 1, max: MAX_NUMA_NODES }) },
    seed: { about: "Seed of everything left to chance (default 1)", shape: integer() },
  });
  return {
    read(node, scope) {
      const { memory, nodes, seed } = settings.read(node, scope) ?? {};
      const { memory: most } = scope.reporter.limits;
      if (memory !== undefined && memory > most) {
        const message = `Machine has ${memory} bytes of memory: the limit is ${most}`;
        scope.report(node, message, raiseHint("memory"));
      }
      if (seed !== undefined && !scope.names.isSeedGiven) scope.names.seed = seed;
      return {
        memory: memory ?? DEFAULT_MACHINE.memory,
        nodes: nodes ?? DEFAULT_MACHINE.nodes,
        seed: seed ?? DEFAULT_MACHINE.seed,
      };
    },
    schema: () => settings.schema(),
  };
}

/** A switch is true or false, or one of the words that some profile has for it. */
function switches({ profiles }: Vocabulary): Shape<Partial<KernelProfile>> {
  const all = Object.values(profiles);
  const fields: Record<string, Field<boolean | string>> = {};
  for (const name of Object.keys(all.at(0) ?? {})) {
    if (name === "name") continue;
    const values = new Set(all.map((profile) => profile[name as keyof KernelProfile]));
    const words = [...values].filter((value) => typeof value === "string");
    const shape = words.length > 0 ? choice("setting", words) : flag();
    fields[name] = { about: "Switch of the kernel profile", shape };
  }
  return record("switches", fields) as Shape<Partial<KernelProfile>>;
}

function faults({ faults }: Vocabulary): Shape<readonly FaultName[]> {
  return listOf("faults", choice("fault", faults as readonly FaultName[]));
}

/** The variables are read before all else; here they are only described. */
function variables(): Shape<undefined> {
  return { read: () => undefined, schema: variablesSchema };
}

/** The matrix is read before all else; here it is only described. */
function matrix(): Shape<undefined> {
  return { read: () => undefined, schema: matrixSchema };
}

function steps(): Shape<readonly Step[]> {
  return { read: readSteps, schema: () => ({ $ref: "#/$defs/steps" }) };
}

function expectations(): Shape<Expectations> {
  return {
    read: (node, scope) => readExpectations(node, scope, "end"),
    schema: () => expectationsSchema("end"),
  };
}
