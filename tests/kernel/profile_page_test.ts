import { assertEquals, assertThrows } from "@std/assert";
import { readPage, withTables } from "../../tools/kernel_profiles.ts";

Deno.test("the page on kernel profiles has every switch with its values", async () => {
  const { found, wanted } = await readPage();
  assertEquals(found, wanted, "run deno task profiles");
});

Deno.test("a page without a place for the tables is refused", () => {
  assertThrows(() => withTables("# Kernel profiles\n", ""), Error, "place of the tables");
});

Deno.test("a switch without a description is refused", async () => {
  const { found } = await readPage();
  assertThrows(() => withTables(found, ""), Error, "description of switch");
});
