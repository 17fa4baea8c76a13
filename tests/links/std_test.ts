import {
  assert,
  assertAlmostEquals,
  assertEquals,
  AssertionError,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as stdAssert from "@std/assert";
import { parseArgs } from "@std/cli";
import { parse, stringify, YamlSyntaxError } from "@std/yaml";

Deno.test("@std/yaml parses, writes, and places its errors", () => {
  assertEquals(parse("a: [1, two]\n"), { a: [1, "two"] });
  assertEquals(stringify({ a: [1, "two"] }), "a:\n  - 1\n  - two\n");
  const error = assertThrows(() => parse("a: 1\nb: ]\n"), YamlSyntaxError);
  assertEquals([error.line, error.column], [2, 4]);
  assert(error instanceof SyntaxError);
});

Deno.test("@std/assert fails with AssertionError", async () => {
  assertThrows(() => assertEquals([1], [2]), AssertionError, "Values are not equal");
  assertThrows(() => assertStrictEquals({}, {}), AssertionError);
  assertThrows(() => assertAlmostEquals(1, 2), AssertionError);
  await assertRejects(() => Promise.reject(new RangeError("far")), RangeError, "far");
});

Deno.test("@std/assert has every assertion this project may use", () => {
  const used = [
    "assert assertFalse assertEquals assertNotEquals assertStrictEquals assertNotStrictEquals",
    "assertAlmostEquals assertExists assertInstanceOf assertIsError assertGreater",
    "assertGreaterOrEqual assertLess assertLessOrEqual assertArrayIncludes assertObjectMatch",
    "assertStringIncludes assertMatch assertNotMatch assertThrows assertRejects equal fail",
    "unreachable AssertionError",
  ].join(" ").split(" ");
  const names = Object.keys(stdAssert);
  assertEquals(used.filter((name) => !names.includes(name)), []);
});

Deno.test("@std/cli takes arguments apart", () => {
  const args = parseArgs(["run", "--seed=3", "--json", "--", "x"], {
    boolean: ["json"],
    string: ["seed"],
    "--": true,
  });
  assertEquals(args, { _: ["run"], seed: "3", json: true, "--": ["x"] });
});
