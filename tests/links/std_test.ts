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
import { parse } from "@std/yaml";
import { readSources } from "../../tools/architecture.ts";

const ROOT = new URL("../../", import.meta.url);
const FOLDERS = ["lib", "tests", "examples", "tools", "bench"];

Deno.test("@std/yaml parses by the schema asked for, and throws a SyntaxError", () => {
  assertEquals(parse("a: [1, two]\n"), { a: [1, "two"] });
  assertEquals(parse("2001-01-01", { schema: "core" }), "2001-01-01");
  assert(parse("2001-01-01") instanceof Date);
  assertThrows(() => parse("a: 1\nb: ]\n"), SyntaxError, "line 2, column 4");
});

Deno.test("@std/assert fails with AssertionError", async () => {
  assertThrows(() => assertEquals([1], [2]), AssertionError, "Values are not equal");
  assertThrows(() => assertStrictEquals({}, {}), AssertionError);
  assertThrows(() => assertAlmostEquals(1, 2), AssertionError);
  await assertRejects(() => Promise.reject(new RangeError("far")), RangeError, "far");
});

Deno.test("the stand-in for @std/assert has what this project uses, and no more", async () => {
  const sources = await readSources(ROOT, FOLDERS);
  const used = sources.flatMap(({ text }) => {
    const imported = /^import \{([^}]*)\} from "@std\/assert";$/m.exec(text)?.[1] ?? "";
    return imported.split(",").map((name) => name.trim()).filter(Boolean);
  });
  const standIn = await Deno.readTextFile(new URL("links/std-assert/mod.ts", ROOT));
  const names = /^export \{([^}]*)\}/m.exec(standIn)![1].split(",").map((name) => name.trim());
  assertEquals(names.filter(Boolean).sort(), [...new Set(used)].sort());
  assertEquals(used.filter((name) => !Object.hasOwn(stdAssert, name)), []);
});

Deno.test("@std/cli takes arguments apart", () => {
  const unknown: string[] = [];
  const args = parseArgs(["run", "--seed=3", "--json", "--nosuch"], {
    boolean: ["json"],
    string: ["seed"],
    unknown: (word) => {
      unknown.push(word);
      return !word.startsWith("-");
    },
  });
  assertEquals([args, unknown], [{ _: ["run"], seed: "3", json: true }, ["run", "--nosuch"]]);
});
