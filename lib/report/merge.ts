/**
 * Joining the documents of shards.
 *
 * @module
 */

import { type Coverage, joinCoverage } from "../compare/coverage.ts";
import type { ReportDocument } from "./document.ts";

/**
 * Joins the shards of a run; what comes out equals the document of the run without shards.
 *
 * @param documents The documents of all shards, in any order.
 * @returns The whole.
 * @throws {RangeError} If they are not all the shards of one run.
 */
export function mergeReports(documents: readonly ReportDocument[]): ReportDocument {
  const [first] = documents;
  if (first === undefined) throw new RangeError("Cannot join reports: there is none");
  if (documents.length === 1 && first.shard === null) return first;
  requireShards(documents);
  const scenarios = documents.flatMap((document) => document.scenarios)
    .sort((one, other) => one.order - other.order);
  const twice = scenarios.find(({ order }, index) => scenarios[index + 1]?.order === order);
  if (twice !== undefined) {
    throw new RangeError(`Cannot join reports: "${twice.file}" shares its place with another one`);
  }
  const head = { format: first.format, shard: null, selected: first.selected };
  return { ...head, ...joinedCoverage(documents), scenarios };
}

/** What all shards reached; left out where one does not say. */
function joinedCoverage(documents: readonly ReportDocument[]): { coverage?: Coverage } {
  const parts = documents.flatMap(({ coverage }) => coverage === undefined ? [] : [coverage]);
  return parts.length < documents.length ? {} : { coverage: joinCoverage(parts) };
}

function requireShards(documents: readonly ReportDocument[]): void {
  const [{ shard: one, selected }] = documents;
  const of = one?.of ?? 0;
  const seen = new Set<number>();
  for (const document of documents) {
    const { shard } = document;
    if (shard === null) throw new RangeError("Cannot join reports: one is of a whole run");
    if (shard.of !== of || document.selected !== selected) {
      throw new RangeError("Cannot join reports: they are of different runs");
    }
    if (seen.has(shard.index)) {
      throw new RangeError(`Cannot join reports: shard ${shard.index}/${of} is there twice`);
    }
    seen.add(shard.index);
  }
  const missing = Array.from({ length: Math.min(of, 1000) }, (_, index) => index + 1)
    .filter((index) => !seen.has(index)).map((index) => `${index}/${of}`);
  if (missing.length > 0) {
    throw new RangeError(`Cannot join reports: missing shard ${missing.slice(0, 5).join(", ")}`);
  }
}
