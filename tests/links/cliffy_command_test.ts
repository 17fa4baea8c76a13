import { assertEquals } from "@std/assert";
import { type Row, runSample, TABLE } from "./run_sample.ts";

const rows: Row[] = JSON.parse(await Deno.readTextFile(TABLE));

for (const { args, ...expected } of rows) {
  Deno.test(`Command does as the genuine one on: ${JSON.stringify(args.join(" "))}`, async () => {
    assertEquals(await runSample(args), expected);
  });
}
