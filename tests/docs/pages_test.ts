import { assertEquals, assertThrows } from "@std/assert";
import { PAGES, readPage } from "../../tools/docs.ts";
import { commentOf, table, withSections, wrapped } from "../../tools/markdown.ts";

for (const page of PAGES) {
  Deno.test(`${page.path} is current`, async () => {
    const { found, wanted } = await readPage(page);
    assertEquals(found, wanted, "run deno task docs");
  });
}

const PAGE = "# A\n<!-- one: written by tool.ts -->\nold\n<!-- end of one -->\nrest\n";

Deno.test("withSections() replaces what is between the marks and nothing else", () => {
  const wanted = "# A\n<!-- one: written by tool.ts -->\n\nnew $1\n\n<!-- end of one -->\nrest\n";
  assertEquals(withSections(PAGE, "tool.ts", { one: "new $1\n" }), wanted);
});

Deno.test("withSections() refuses a page without a place, and a place without a section", () => {
  assertThrows(() => withSections("", "tool.ts", { one: "" }), Error, "place of section");
  assertThrows(() => withSections(PAGE, "tool.ts", {}), Error, "unknown section");
});

Deno.test("table() escapes bars and pads cells", () => {
  assertEquals(
    table(["A", "B"], [["a|b", "c"]]),
    "| A    | B |\n| ---- | - |\n| a\\|b | c |\n",
  );
});

Deno.test("wrapped() breaks before 100 characters and not within code", () => {
  assertEquals(wrapped(`${"a".repeat(95)} \`b c\``), `${"a".repeat(95)}\n\`b c\`\n`);
});

Deno.test("commentOf() finds the comment of a name or throws", () => {
  assertEquals(commentOf("  /** What it is. */\n  readonly a: 1;", "a"), "What it is");
  assertThrows(() => commentOf("", "a"), Error, "description");
});
