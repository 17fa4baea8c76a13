/** Documents of real runs for the tests of the reports. */

import type { ReportDocument } from "../../lib/report/document.ts";
import { recordComparison, type RecordedComparison } from "../../lib/report/record.ts";
import { reportDocument } from "../../lib/report/report_document.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

/** Runs a scenario under its kernels and records it. */
export function record(
  source: string,
  file = "a.yaml",
  kernels?: readonly string[],
): RecordedComparison[] {
  const program = parseScenario(source, { file });
  return (kernels ?? program.kernels).map((kernel) => recordComparison(program, { kernel }));
}

/** The document of one scenario. */
export function documentOf(source: string, file = "a.yaml"): ReportDocument {
  return reportDocument(record(source, file));
}

/** A text that breaks out of anything that does not escape it. */
export const HOSTILE =
  `</title><script>alert(1)</script>"'&<!--]]>\u001b[2J\u202e\u0000 # TODO: a,b%0A`;

/** A document with hostile text in every place. */
export function hostileDocument(source: string): ReportDocument {
  const spoil = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((one) => spoil(one, key));
    if (typeof value === "string") {
      return ["format", "status"].includes(key) ? value : HOSTILE;
    }
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        key === "counters" ? HOSTILE : name,
        spoil(one, name),
      ]),
    );
  };
  return spoil(documentOf(source), "") as ReportDocument;
}

/** Checks that markup is well formed, and gives the names of its elements. */
export function elementsOf(markup: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const empty = ["meta"];
  const body = markup.replace(/^<(\?xml|!doctype)[^>]*>/, "").replace(/<style>[^<]*<\/style>/, "");
  for (const { 0: tag, 1: slash, 2: name } of body.matchAll(/<(\/?)([a-zA-Z0-9]+)[^<>]*>/g)) {
    if (slash === "/") {
      if (open.pop() !== name) throw new Error(`Unbalanced ${tag}`);
      continue;
    }
    names.push(name);
    if (!tag.endsWith("/>") && !empty.includes(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`Unclosed ${open.join()}`);
  const rest = body.replace(/<\/?[a-zA-Z0-9]+(?: [a-zA-Z0-9:-]+(?:="[^"<>]*")?)*\s*\/?>/g, "");
  if (/[<>]/.test(rest)) throw new Error(`Stray markup: ${/.{0,20}[<>].{0,40}/.exec(rest)}`);
  return names;
}
