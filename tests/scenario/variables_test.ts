import { assertEquals, assertThrows } from "@std/assert";
import { parseMeasure } from "../../lib/scenario/units.ts";
import { parseVariable } from "../../lib/scenario/variable_text.ts";

Deno.test("parseVariable() reads the value as YAML", () => {
  const pairs = ["a=1", "a=true", "a=x y", "a='1'", "a=0x10", "a=b=c", "a=2 pages", "a=20 ms"];
  const values = pairs.map((pair) => parseVariable(pair)[1]);
  assertEquals(values, [1, true, "x y", "1", 16, "b=c", 8192, 20e6]);
});

for (const text of ["a", "=1", "a b=1", "1a=1", "a=[1]", "a=", "a='", "a={b: 1}"]) {
  Deno.test(`parseVariable() refuses ${text}`, () => {
    assertThrows(() => parseVariable(text), SyntaxError, "Cannot read");
  });
}

Deno.test("parseMeasure() takes no number with a strange unit", () => {
  for (const text of ["1 KB", "KiB", "1 2", "-1", "1e3", "", "1 constructor"]) {
    assertEquals(parseMeasure(text), undefined);
  }
});
