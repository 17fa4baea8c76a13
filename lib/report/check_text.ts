/**
 * The report of a check as text.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";
import type { CheckedFile, FileDiagnostic } from "./json.ts";
import { layout } from "./layout.ts";
import { amount } from "./numbers.ts";
import type { Palette } from "./palette.ts";
import { excerpt, type Sources } from "./source_text.ts";

/**
 * Renders the files that can be run, one line each.
 *
 * @param files The files.
 * @param palette Colours.
 * @returns Text that ends in a newline, or nothing if no file can be run.
 */
export function checkText(files: readonly CheckedFile[], palette: Palette): string {
  const good = files.filter(({ diagnostics }) => diagnostics.length === 0);
  const rows = good.map(({ file, name = "", steps = 0, cells }) => [
    { text: "ok", paint: palette.green },
    { text: escapeControl(file) },
    { text: amount(steps, "step") },
    {
      text: escapeControl(name) + (cells === undefined ? "" : `, the first of ${cells} cells`),
      paint: palette.dim,
    },
  ]);
  return layout(rows, [2]).map((line) => `${line}\n`).join("");
}

/**
 * Renders everything that is wrong with some files, and the sum.
 *
 * @param files The files.
 * @param sources Their texts, as far as they could be read.
 * @param palette Colours.
 * @returns Text that ends in a newline, or nothing if nothing is wrong.
 */
export function diagnosticsText(
  files: readonly CheckedFile[],
  sources: Sources,
  palette: Palette,
): string {
  const bad = files.filter(({ diagnostics }) => diagnostics.length > 0);
  if (bad.length === 0) return "";
  const blocks = bad.flatMap(({ file, diagnostics }) =>
    diagnostics.map((one) => diagnosticLines(file, one, sources, palette).join("\n"))
  );
  const sum = `${amount(blocks.length, "error")} in ${amount(bad.length, "file")}`;
  return [...blocks, palette.red(sum)].join("\n") + "\n";
}

function diagnosticLines(
  file: string,
  diagnostic: FileDiagnostic,
  sources: Sources,
  palette: Palette,
): string[] {
  const { message, line, column = 1, length, hint } = diagnostic;
  const place = diagnostic.file ?? file;
  if (line === undefined) {
    const headline = palette.bold(`${escapeControl(file)}: ${escapeControl(message)}`);
    return hint === undefined
      ? [headline]
      : [headline, palette.yellow(`  = ${escapeControl(hint)}`)];
  }
  const position = { file: place, line, column };
  const placed = {
    message,
    position,
    ...(length === undefined ? {} : { length }),
    ...(hint === undefined ? {} : { hint }),
  };
  return excerpt(placed, sources, palette);
}
