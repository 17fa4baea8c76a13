import { assert, assertEquals } from "@std/assert";
import { runProgram } from "../../lib/machine/run.ts";
import type { ReadInclude } from "../../lib/scenario/includes.ts";
import { checkScenario } from "../../lib/scenario/scenario.ts";
import { anchorsOf, examplesOf, linksOf } from "./markdown_parts.ts";

const ROOT = new URL("../../", import.meta.url);

const PAGES = ["README.md", "CHANGELOG.md", "links/README.md", ...await pagesIn("docs")];
const TEXTS = new Map(
  await Promise.all(PAGES.map(async (path) => {
    return [path, await Deno.readTextFile(new URL(path, ROOT))] as const;
  })),
);

async function pagesIn(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(new URL(folder, ROOT)), ({ name }) => name);
  return names.filter((name) => name.endsWith(".md")).sort().map((name) => `${folder}/${name}`);
}

/** Name of the file that an example stands for, where it is one to include. */
function partNameOf(example: string): string | undefined {
  return /^# (\S+\.part\.yaml)$/m.exec(example)?.[1];
}

async function exists(path: string | URL): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

for (const [path, text] of TEXTS) {
  Deno.test(`links of ${path} lead to files and headings that exist`, async () => {
    for (const link of linksOf(text)) {
      if (/^[a-z]+:/.test(link)) continue;
      const target = new URL(link, new URL(path, ROOT));
      const anchor = target.hash.slice(1);
      target.hash = "";
      assert(await exists(target), `${path} links to ${link}`);
      if (anchor === "") continue;
      const anchors = anchorsOf(await Deno.readTextFile(target));
      assert(anchors.includes(anchor), `${path} links to ${link}: no such heading`);
    }
  });

  const examples = examplesOf(text, "yaml").filter((example) => /^steps:/m.test(example));
  const parts = new Map(examples.map((example) => [partNameOf(example), example]));
  const scenarios = examples.filter((example) => partNameOf(example) === undefined);
  const read: ReadInclude = (name) => ({ file: name, text: parts.get(name) ?? "" });
  for (const [index, example] of scenarios.entries()) {
    Deno.test(`scenario ${index + 1} of ${path} passes`, () => {
      const { programs, diagnostics } = checkScenario(example, { file: path, read });
      assertEquals(diagnostics, []);
      for (const program of programs) {
        const { failures, violations } = runProgram(program);
        assertEquals([failures, violations], [[], []]);
      }
    });
  }
}

Deno.test("the TypeScript in the pages type-checks", async () => {
  const pages = PAGES.filter((path) => examplesOf(TEXTS.get(path)!, "ts").length > 0);
  assert(pages.includes("README.md"));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--doc", ...pages],
    cwd: ROOT,
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("linksOf() finds links, not those in code", () => {
  assertEquals(linksOf("[a](b.md) `[c](d)`\n```sh\n[e](f)\n```\n[g\nh](i.md#j)"), [
    "b.md",
    "i.md#j",
  ]);
});

Deno.test("examplesOf() finds the blocks of one language", () => {
  const text = "```yaml\na: 1\n```\n```ts ignore\nb\n```\n```ts\nc\n```\n";
  assertEquals([examplesOf(text, "yaml"), examplesOf(text, "ts")], [["a: 1\n"], ["c\n"]]);
});

Deno.test("anchorsOf() names headings as GitHub does", () => {
  assertEquals(anchorsOf("# A b\n## `c_d`: E's\n"), ["a-b", "c_d-es"]);
});
