import { assertEquals } from "@std/assert";
import { problemsOf } from "../tools/stage.ts";

const FILES = [
  "mod.ts",
  "README.md",
  "LICENSE",
  "deno.json",
  "lib/mm/ksm.ts",
  "scenarios/a/b.yaml",
];

Deno.test("what a user needs is published, and nothing else", () => {
  assertEquals(problemsOf(FILES, 400_000), []);
  const stray = ["tests/a.ts", "links/std-yaml/mod.ts", "lib/mm/ksm_test.ts", "examples/a.ts"];
  assertEquals(
    problemsOf([...FILES, ...stray], 0),
    stray.map((file) => `${file} is published, and no user needs it`),
  );
  assertEquals(problemsOf(FILES.slice(2), 0).length, 2);
  assertEquals(problemsOf(FILES, 2_000_000), [
    "The package has 2000000 bytes: the limit is 1000000",
  ]);
});

Deno.test("deno.json, deno.jsr.json, the program and the changelog name the same version", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(`../${path}`, import.meta.url));
  const { version } = JSON.parse(await read("deno.json"));
  assertEquals(JSON.parse(await read("deno.jsr.json")).version, version);
  assertEquals((await read("CHANGELOG.md")).includes(`\n## ${version}\n`), true);
  assertEquals((await read("lib/cli/version.ts")).includes(`"${version}"`), true);
});
