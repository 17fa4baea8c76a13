/**
 * Reading recordings from a folder.
 *
 * @module
 */

import type { RecordedCase, Recording } from "./recording.ts";

/**
 * Reads all recorded cases of a folder: every file named `*.json` or `*.json.gz` with a `cases` list.
 *
 * @param folder The folder.
 * @returns The cases, files in order of name.
 * @throws {SyntaxError} If a file is no JSON.
 */
export async function loadCases(folder: string | URL): Promise<RecordedCase[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (/\.json(\.gz)?$/.test(name)) names.push(name);
  }
  const base = folder instanceof URL ? folder.pathname : folder;
  const cases: RecordedCase[] = [];
  for (const name of names.sort()) {
    const recording = await readRecording(`${base.replace(/\/$/, "")}/${name}`);
    if (Array.isArray(recording.cases)) cases.push(...recording.cases);
  }
  return cases;
}

async function readRecording(path: string): Promise<Recording> {
  if (!path.endsWith(".gz")) return JSON.parse(await Deno.readTextFile(path));
  const packed = new Blob([await Deno.readFile(path)]).stream();
  const text = await new Response(packed.pipeThrough(new DecompressionStream("gzip"))).text();
  return JSON.parse(text);
}
