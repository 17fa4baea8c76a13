import { assertEquals } from "@std/assert";
import { Trace } from "../../lib/kernel/trace.ts";

Deno.test("a trace that takes over records of another one keeps their call sites", () => {
  const [old, fresh] = [new Trace(), new Trace(0)];
  for (let at = 0; at < 2000; at++) {
    old.record(at, "invalidate_range_start", 0, -1, 0, 0, 0, 4096, 1 + at % 28);
  }
  fresh.adopt(old, 1500);
  const sites = [...fresh.records(0)].map(({ site }) => site);
  assertEquals(sites, Array.from({ length: 1500 }, (_, at) => 1 + at % 28));
});
