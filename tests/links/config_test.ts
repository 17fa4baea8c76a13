import { assertEquals, assertMatch } from "@std/assert";

/** Reads a JSON file of the project. */
async function read(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(new URL(`../../${path}`, import.meta.url)));
}

Deno.test("deno.jsr.json is deno.json without links, with a lock of its own", async () => {
  const { links: _, ...own } = await read("deno.json");
  assertEquals(await read("deno.jsr.json"), { ...own, lock: { path: "./deno.jsr.lock" } });
});

Deno.test("every package from JSR has a stand-in of a version that will do", async () => {
  const { imports, links } = await read("deno.json") as {
    imports: Record<string, string>;
    links: string[];
  };
  const wanted = Object.entries(imports).filter(([, specifier]) => specifier.startsWith("jsr:"));
  const standIns = await Promise.all(links.map((link) => read(`${link}/deno.json`)));
  assertEquals(wanted.map(([name]) => name).sort(), standIns.map(({ name }) => name).sort());
  for (const [name, specifier] of wanted) {
    const version = standIns.find((standIn) => standIn.name === name)?.version;
    const least = specifier.split("@^")[1];
    assertMatch(String(version), new RegExp(`^${RegExp.escape(least)}\\+standin$`));
  }
});

Deno.test("the documentation of every entry point is checked", async () => {
  const { exports, tasks } = await read("deno.json") as {
    exports: Record<string, string>;
    tasks: Record<string, string>;
  };
  const files = Object.values(exports).map((path) => path.replace("./", "")).join(" ");
  assertEquals(tasks["check:docs"], `deno doc --lint ${files}`);
});
