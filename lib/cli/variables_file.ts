/**
 * Variables from a file: `--var-from-file values.yaml`.
 *
 * @module
 */

import { ValidationError } from "@cliffy/command";
import { formatDiagnostic, Reporter } from "../scenario/diagnostics.ts";
import { readDocument } from "../scenario/document.ts";
import type { Value } from "../machine/expression.ts";
import { VOCABULARY } from "../scenario/builtin_vocabulary.ts";
import { Scope } from "../scenario/scope.ts";
import { readAssignments } from "../scenario/variables.ts";
import { readOne } from "./files.ts";

/**
 * Reads variables from a file: a map of names, in YAML or JSON.
 *
 * @param file The file.
 * @returns The variables with their values.
 * @throws {ValidationError} If it cannot be read, or has another form.
 */
export function variablesFromFile(file: string): (readonly [name: string, value: Value])[] {
  const found = readOne(file);
  if ("problem" in found) {
    const { message, hint } = found.problem;
    const advice = hint === undefined ? "" : `. ${hint}`;
    throw new ValidationError(`Cannot take variables from "${file}": ${message}${advice}`);
  }
  const reporter = new Reporter(found.text, file);
  const node = readDocument(reporter);
  const scope = new Scope(reporter, VOCABULARY);
  const variables = node === undefined ? [] : readAssignments(node, scope);
  const { diagnostics } = reporter;
  if (diagnostics.length === 0) return variables;
  const lines = diagnostics.map((one) => formatDiagnostic(one, found.text, file));
  throw new ValidationError(`Cannot take variables from a file\n${lines.join("\n")}`);
}
