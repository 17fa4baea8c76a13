/**
 * The command `merge-reports`.
 *
 * @module
 */

import { ValidationError } from "@cliffy/command";
import { escapeControl } from "../kernel/escape.ts";
import { countStatus, type ReportDocument } from "../report/document.ts";
import { parseReport } from "../report/document_shape.ts";
import { mergeReports } from "../report/merge.ts";
import { renderReport } from "../report/render.ts";
import { reasonOf } from "./error_text.ts";
import { type Destination, REPORT_KINDS, writeFile, writeProblems } from "./destinations.ts";
import { FAILED, INCONCLUSIVE, PASSED, WRONG } from "./exit_code.ts";
import type { Streams } from "./output.ts";
import { readDestination } from "./runner_settings.ts";

/** Kinds of reports by the end of the file name. */
const ENDINGS: Readonly<Record<string, string>> = {
  xml: "junit",
  tap: "tap",
  json: "json",
  jsonl: "jsonl",
  html: "html",
};

/** Most bytes of a report that is read. */
const MAX_BYTES = 512 * 1024 * 1024;

/**
 * Joins the reports of shards.
 *
 * @param out The report to write, such as `junit=all.xml`.
 * @param files The reports to join.
 * @param streams Where to write.
 * @returns The exit code: that of the run as a whole, or 2.
 * @throws {ValidationError} If it is not clear what to write.
 */
export function mergeReportFiles(
  out: string,
  files: readonly string[],
  streams: Streams,
): number {
  const destination = destinationOf(out);
  const problem = writeProblems([destination])[0];
  const merged = problem ?? merge(files);
  if (typeof merged === "string") return refuse(merged, streams);
  const text = renderReport(destination.kind, merged);
  if (destination.file === undefined) streams.out.write(text);
  const trouble = destination.file === undefined ? undefined : writeFile(destination.file, text);
  return trouble === undefined ? exitCodeOf(merged) : refuse(trouble, streams);
}

function destinationOf(out: string): Destination {
  if (out === "-") return { kind: "json" };
  if (out.includes("=") || Object.hasOwn(REPORT_KINDS, out)) {
    return readDestination("report", out, REPORT_KINDS);
  }
  const ending = out.slice(out.lastIndexOf(".") + 1);
  if (Object.hasOwn(ENDINGS, ending)) return { kind: ENDINGS[ending], file: out };
  throw new ValidationError(
    `Cannot tell what to write to "${out}": expected KIND=FILE, or a file that ends in ` +
      Object.keys(ENDINGS).map((one) => `.${one}`).join(", "),
  );
}

function merge(files: readonly string[]): ReportDocument | string {
  try {
    return mergeReports(files.map(readReport));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return error.message;
    throw error;
  }
}

function readReport(file: string): ReportDocument {
  const name = escapeControl(file);
  let text: string;
  try {
    if (Deno.statSync(file).size > MAX_BYTES) throw new RangeError("too large");
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new RangeError(`Cannot read "${name}": ${whyUnread(error)}`);
  }
  try {
    return parseReport(text);
  } catch (error) {
    throw new SyntaxError(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}

function whyUnread(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.NotCapable) {
    return "Deno was not allowed to; give it --allow-read";
  }
  return reasonOf(error);
}

function refuse(message: string, { err }: Streams): number {
  err.write(`${err.palette.red("error")}: ${escapeControl(message)}\n`);
  return WRONG;
}

function exitCodeOf(document: ReportDocument): number {
  const { failed, inconclusive } = countStatus(document);
  return failed > 0 ? FAILED : inconclusive > 0 ? INCONCLUSIVE : PASSED;
}
