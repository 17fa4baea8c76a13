import { assert, assertEquals } from "@std/assert";
import { ENTRY_POINTS } from "../../tools/architecture.ts";
import { bundle, findProgram, newFolder } from "./bundle.ts";
import { comparisonJson } from "./comparison.ts";
import { readScenarios } from "./scenarios.ts";

const node = await findProgram("node");

async function run(folder: string, code: string): Promise<string> {
  await Deno.writeTextFile(`${folder}/main.mjs`, code);
  const { stdout, stderr } = await new Deno.Command(node!, { args: ["main.mjs"], cwd: folder })
    .output();
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "three scenarios give the same JSON in Node as in Deno, byte for byte",
  ignore: node === undefined,
  async fn() {
    await using folder = await newFolder();
    await bundle("tests/runtimes/comparison.ts", `${folder.path}/comparison.mjs`, "esm");
    const sources = await readScenarios();
    const output = await run(
      folder.path,
      `import { comparisonJson } from "./comparison.mjs";
       const sources = ${JSON.stringify(sources)};
       process.stdout.write(sources.map(comparisonJson).join("\\n"));`,
    );
    assert(output.length > 10_000);
    assertEquals(output, sources.map(comparisonJson).join("\n"));
  },
});

Deno.test({
  name: "the core runs in Node alone, without any package",
  ignore: node === undefined,
  async fn() {
    await using folder = await newFolder();
    await bundle("mod.ts", `${folder.path}/core.mjs`, "esm");
    const output = await run(
      folder.path,
      `import { Machine, perform } from "./core.mjs";
       const machine = new Machine();
       machine.addProcess("app");
       perform(machine, "mmap", { process: "app", name: "buf", size: 8192 });
       perform(machine, "fill", { range: { mapping: "buf", firstPage: 0, pages: null } });
       console.log(machine.mm("app").rss, machine.violations.length);`,
    );
    assertEquals(output, "2 0\n");
  },
});

Deno.test({
  name: "every entry point but the command line is loaded in Node",
  ignore: node === undefined,
  async fn() {
    await using folder = await newFolder();
    for (const entry of ENTRY_POINTS) await bundle(entry, `${folder.path}/${entry}.mjs`, "esm");
    const output = await run(
      folder.path,
      `for (const entry of ${JSON.stringify(ENTRY_POINTS)}) {
         console.log(Object.keys(await import(\`./\${entry}.mjs\`)).length > 5);
       }`,
    );
    assertEquals(output, "true\n".repeat(ENTRY_POINTS.length));
  },
});
