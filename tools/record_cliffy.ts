/**
 * Records what the genuine `@cliffy/command` makes of the command lines in
 * tests/links/cliffy_command_table.json, and writes it back there. Needs JSR:
 *
 *     deno run --config deno.jsr.json --allow-read --allow-write=tests/links tools/record_cliffy.ts
 *
 * To add a case, add `{ "args": [...] }` to the table and record.
 *
 * @module
 */

import { Command } from "@cliffy/command";
import { type Row, runSample, TABLE } from "../tests/links/run_sample.ts";

if ("spec" in new Command()) {
  throw new Error(
    "Cannot record: the stand-in is in use. Run with --config deno.jsr.json to use the " +
      "genuine package",
  );
}
const rows: Row[] = JSON.parse(await Deno.readTextFile(TABLE));
for (const row of rows) Object.assign(row, await runSample(row.args));
await Deno.writeTextFile(TABLE, JSON.stringify(rows, null, 2) + "\n");
