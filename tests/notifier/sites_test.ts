import { assertEquals } from "@std/assert";
import { FaultProbe, INJECTABLE_FAULTS } from "../../lib/kernel/faults.ts";
import { CALL_SITES, SITE, siteName } from "../../lib/notifier/range.ts";

Deno.test("there are 28 call sites of v5.2 and one more, numbered from 1", () => {
  assertEquals(
    CALL_SITES.map(({ number }) => number),
    Array.from({ length: 29 }, (_, at) => at + 1),
  );
});

Deno.test("the numbers by function agree with the table", () => {
  for (const [name, number] of Object.entries(SITE)) assertEquals(siteName(number), name);
  assertEquals(siteName(0), "elsewhere");
});

Deno.test("a probe makes one mistake at one site and notes who asks", () => {
  const probe = new FaultProbe({ fault: "skip_start", site: 3 }, new Set(["leak_pin" as const]));
  assertEquals(probe.has("skip_start", 3), true);
  assertEquals(probe.has("skip_start", 1), false);
  assertEquals(probe.has("leak_pin"), true);
  assertEquals(probe.places().map(({ fault, site }) => `${fault}@${site}`), [
    "skip_start@1",
    "skip_start@3",
    "leak_pin@0",
  ]);
});

Deno.test("every fault says what goes wrong", () => {
  for (const about of Object.values(INJECTABLE_FAULTS)) assertEquals(about.endsWith("."), false);
});
