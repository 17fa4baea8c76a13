import { assertEquals } from "@std/assert";
import { amount, changeText, countText, timeText } from "../../lib/report/numbers.ts";

for (
  const [ns, text] of [
    [0, "0 ns"],
    [999, "999 ns"],
    [1000, "1 us"],
    [1236, "1.236 us"],
    [999_949, "999.9 us"],
    [999_951, "1 ms"],
    [18_413_600, "18.41 ms"],
    [1.5e9, "1.5 s"],
    [4.5e12, "4,500 s"],
  ] as const
) {
  Deno.test(`timeText() writes ${ns} ns as ${text}`, () => assertEquals(timeText(ns), text));
}

for (
  const [value, text] of [
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [1048576, "1,048,576"],
    [1234.5678, "1,234.5678"],
  ] as const
) {
  Deno.test(`countText() writes ${text}`, () => assertEquals(countText(value), text));
}

Deno.test("amount() knows the plural", () => {
  assertEquals([0, 1, 2].map((value) => amount(value, "step")), ["0 steps", "1 step", "2 steps"]);
  assertEquals(amount(2, "fewer page", "fewer pages"), "2 fewer pages");
});

for (
  const [value, base, text] of [
    [0, 0, "same"],
    [99, 100, "-1%"],
    [1234, 1250, "-1.3%"],
    [99_999, 100_000, "-0.0%"],
    [100_001, 100_000, "+0.0%"],
    [1, 100_000, "-99.9%"],
    [0, 100_000, "-100%"],
    [31, 16, "+94%"],
    [999, 100, "+899%"],
    [1000, 100, "10x"],
    [1_000_000, 1, "1,000,000x"],
    [1, 0, "new"],
  ] as const
) {
  Deno.test(`changeText() from ${base} to ${value} is ${text}`, () => {
    assertEquals(changeText(value, base), text);
  });
}
