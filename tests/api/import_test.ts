import { assert } from "@std/assert";
import { importTimes } from "../../bench/import_bench.ts";

Deno.test("the core is imported in little time", async () => {
  const [shortest] = await importTimes("mod.ts", 5);
  // The target is 40 ms on a quiet machine; this one may be slow, and busy with other tests
  assert(shortest < 250, `${shortest} ms`);
});
