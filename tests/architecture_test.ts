import { assert, assertEquals } from "@std/assert";
import {
  checkCycles,
  checkDeterminism,
  checkLayers,
  checkLength,
  checkRuntime,
  codeOf,
  ENTRY_POINTS,
  importsOf,
  layerOf,
  LAYERS,
  MAX_LINES,
  packagesOf,
  reachedFrom,
  readSources,
} from "../tools/architecture.ts";

const root = new URL("..", import.meta.url);
const sources = await readSources(root, ["lib", ...ENTRY_POINTS, "cli.ts"]);

Deno.test("a layer imports only from itself and the layers below", () => {
  assert(sources.length > 0);
  assertEquals(checkLayers(sources), []);
});

Deno.test("the library runs without Deno", () => {
  assertEquals(checkRuntime(sources), []);
});

Deno.test("the library knows neither clock nor chance", () => {
  assertEquals(checkDeterminism(sources), []);
});

Deno.test("no file is too long", async () => {
  const links = await readSources(root, ["links", "tools"]);
  assertEquals(checkLength([...sources, ...links]), []);
});

Deno.test("no file imports itself by way of others", () => {
  assertEquals(checkCycles(sources), []);
});

Deno.test("every entry point needs the packages that its page names, and no others", () => {
  assertEquals(Object.fromEntries(ENTRY_POINTS.map((path) => [path, packagesOf(path, sources)])), {
    "mod.ts": [],
    "scenario.ts": ["js-yaml"],
    "listeners.ts": [],
    "report.ts": [],
    "repl.ts": ["@std/cli", "@std/yaml", "js-yaml"],
  });
});

Deno.test("the core is loaded without drivers and programs", () => {
  const reached = [...reachedFrom("mod.ts", sources)];
  assert(reached.includes("lib/machine/machine.ts"));
  const others = ["lib/listeners/registry.ts", "lib/listeners/kvm.ts", "lib/machine/run.ts"];
  assertEquals(others.filter((path) => reached.includes(path)), []);
  assertEquals(
    reached.filter((path) =>
      !/^(mod\.ts|lib\/(kernel|notifier|mm|listeners|machine)\/)/.test(path)
    ),
    [],
  );
});

/** A made-up source file. */
function file(path: string, text = "") {
  return { path, text };
}

Deno.test("importsOf() finds every way to import", () => {
  const text = `
    import a, { b } from "../kernel/a.ts";
    import type { C } from './c.ts';
    import { type D, type E } from "./d.ts";
    import { type F, g } from "./f.ts";
    import "./h.ts";
    export * from "./i.ts";
    export type { J } from "./j.ts";
    export { k } from "jsr:@std/k";
    const l = await import("./l.ts");
    // import "./not.ts";
    /** import { not } from "./not.ts"; */
    export const from = "./not.ts";
  `;
  assertEquals(importsOf(file("lib/mm/x.ts", text)), [
    { target: "lib/kernel/a.ts", typeOnly: false },
    { target: "lib/mm/c.ts", typeOnly: true },
    { target: "lib/mm/d.ts", typeOnly: true },
    { target: "lib/mm/f.ts", typeOnly: false },
    { target: "lib/mm/i.ts", typeOnly: false },
    { target: "lib/mm/j.ts", typeOnly: true },
    { target: "jsr:@std/k", typeOnly: false },
    { target: "lib/mm/h.ts", typeOnly: false },
    { target: "lib/mm/l.ts", typeOnly: false },
  ]);
});

Deno.test("codeOf() takes comments and texts out and leaves what templates compute", () => {
  const text = "a(\"Deno.exit\", 'it\\'s'); // Deno.args\n/* Deno */ b(`Deno. ${Deno.pid}`, `c`)";
  assertEquals(codeOf(text), 'a("", "");  \n  b((Deno.pid), "")');
});

Deno.test("layerOf() knows every layer, the entry points and the command line", () => {
  assertEquals(LAYERS.map((name) => layerOf(`lib/${name}/x.ts`)), LAYERS.map((_, at) => at));
  assertEquals(layerOf("mod.ts"), LAYERS.length);
  assertEquals(layerOf("repl.ts"), LAYERS.length);
  assertEquals(layerOf("cli.ts"), layerOf("lib/cli/run.ts"));
  assertEquals(layerOf("lib/nosuch/x.ts"), undefined);
  assertEquals(layerOf("npm:yaml"), undefined);
});

Deno.test("checkLayers() reports an import from above, of types too", () => {
  const below = 'import { x } from "../notifier/x.ts"; import { y } from "./y.ts"; import "yaml";';
  assertEquals(checkLayers([file("lib/mm/a.ts", below)]), []);
  assertEquals(
    checkLayers([file("lib/mm/a.ts", 'import type { Kvm } from "../listeners/kvm.ts";')]),
    ["lib/mm/a.ts imports lib/listeners/kvm.ts, which is of a higher layer"],
  );
  assertEquals(
    checkLayers([file("mod.ts", 'export * from "./cli.ts";')]),
    ["mod.ts imports cli.ts, which is of a higher layer"],
  );
});

Deno.test("checkLayers() reports a file in no layer", () => {
  assertEquals(checkLayers([file("lib/nosuch/a.ts")]), [
    "lib/nosuch/a.ts is in no layer: add its folder to LAYERS in tools/architecture.ts",
  ]);
});

Deno.test("packagesOf() follows imports of values, once", () => {
  const files = [
    file("a.ts", 'import { b } from "./b.ts"; import type { T } from "t";'),
    file("b.ts", 'import "x"; import "./a.ts"; import { y } from "y";'),
  ];
  assertEquals(packagesOf("a.ts", files), ["x", "y"]);
});

Deno.test("checkRuntime() reports Deno, process and node: in the library", () => {
  const problems = checkRuntime([
    file("lib/mm/a.ts", "Deno.exit(1);"),
    file("lib/mm/b.ts", "// Deno.exit\nmyDeno.x; process();"),
    file("lib/repl/session.ts", 'import { ask } from "./terminal.ts";'),
    file("lib/report/c.ts", 'import { readFile } from "node:fs";'),
    file("lib/repl/terminal.ts", 'import process from "node:process"; process.exit();'),
    file("lib/cli/run.ts", "Deno.args;"),
    file("cli.ts", "Deno.args;"),
  ]);
  assertEquals(problems, [
    "lib/mm/a.ts uses Deno or process, which only cli.ts and lib/cli may",
    "lib/repl/session.ts imports lib/repl/terminal.ts, which only cli.ts and lib/cli may",
    "lib/report/c.ts imports node:fs, which only cli.ts and lib/cli may",
  ]);
});

Deno.test("checkDeterminism() reports clocks and chance", () => {
  const problems = checkDeterminism([
    file("lib/mm/a.ts", "Math.random(); performance.now();"),
    file("lib/machine/b.ts", "/** Not Date.now(). */ new Date(0); Math.floor(1);"),
    file("lib/cli/c.ts", "Date.now();"),
  ]);
  const why = "which differs from run to run: use the virtual clock or the seeded generator";
  assertEquals(problems, [
    `lib/mm/a.ts uses Math.random, ${why}`,
    `lib/mm/a.ts uses performance.now, ${why}`,
  ]);
});

Deno.test("checkLength() counts lines", () => {
  const lines = (count: number) => "x\n".repeat(count);
  assertEquals(checkLength([file("a.ts", lines(MAX_LINES))]), []);
  assertEquals(checkLength([file("a.ts", lines(MAX_LINES + 1))]), [
    `a.ts has ${MAX_LINES + 1} lines, and may have ${MAX_LINES}: split it`,
  ]);
});

Deno.test("checkCycles() reports a cycle once, and none of types alone", () => {
  const a = file("lib/mm/a.ts", 'import { b } from "./b.ts";');
  const b = file("lib/mm/b.ts", 'import { c } from "./c.ts"; import { a } from "./a.ts";');
  const c = file("lib/mm/c.ts", 'import type { A } from "./a.ts";');
  assertEquals(checkCycles([a, b, c]), [
    "Import cycle: lib/mm/a.ts -> lib/mm/b.ts -> lib/mm/a.ts",
  ]);
  assertEquals(checkCycles([a, file("lib/mm/b.ts"), c]), []);
});
