/**
 * The table of events as JSON.
 *
 * @module
 */

import type { Consumption } from "../compare/consumers.ts";
import type { EventRow, EventTable } from "../compare/event_table.ts";
import { CALL_SITES, type CallSite } from "../notifier/range.ts";
import type { SkippedScenario } from "./skipped.ts";

/** What `events --json` writes. */
export interface EventsReportJson {
  /** Shape of the document. */
  readonly format: "mmulab.events/1";
  /** Number of scenarios that ran. */
  readonly scenarios: number;
  /** Titles of scenarios whose kernels have no events. */
  readonly left_out: readonly string[];
  /** Scenarios that do not name the kernel asked for. */
  readonly skipped: readonly SkippedScenario[];
  /** The policies; savings are against the first. */
  readonly policies: readonly string[];
  /** One row per kind of listener, event and policy. */
  readonly rows: readonly EventRow[];
  /** Who makes use of events and flags, by policy. */
  readonly consumers: readonly Consumption[];
  /** All call sites, with the windows that came from them. */
  readonly sites: readonly (CallSite & { readonly windows: number })[];
}

/**
 * Puts the table into its JSON shape.
 *
 * @param table The table.
 * @param skipped The scenarios that were not run.
 * @returns Plain data.
 */
export function eventsJson(
  table: EventTable,
  skipped: readonly SkippedScenario[],
): EventsReportJson {
  return {
    format: "mmulab.events/1",
    scenarios: table.programs,
    left_out: table.leftOut,
    skipped,
    policies: table.policies,
    rows: table.rows,
    consumers: table.consumption,
    sites: CALL_SITES.map((site) => ({ ...site, windows: table.sites.get(site.number) ?? 0 })),
  };
}
