import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { comparePolicies, parseScenario } from "@mmulab/mmulab/scenario";
import { bundle, findProgram, newFolder } from "./bundle.ts";
import { comparisonJson } from "./comparison.ts";
import { readScenarios } from "./scenarios.ts";

const browser = await findProgram("chromium", "chromium-browser", "google-chrome");
const ignore = browser === undefined;

/** Opens a page of a folder; gives its document as it came to be, and its complaints. */
async function open(folder: string, page: string) {
  const profile = `--user-data-dir=${Deno.cwd()}/${folder}/profile`;
  const words = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", profile];
  const { stdout, stderr } = await new Deno.Command(browser!, {
    args: [...words, "--dump-dom", `file://${Deno.cwd()}/${folder}/${page}`],
  }).output();
  const [dom, log] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { dom, complaints: log.split("\n").filter((line) => line.includes("CONSOLE")) };
}

/** The text of an element, as it was before it was escaped. */
function textOf(dom: string, id: string): string {
  const [, escaped] = new RegExp(`id="${id}">([^<]*)<`).exec(dom) ?? [];
  assert(escaped !== undefined, `No element "${id}" in ${dom.slice(0, 1000)}`);
  return escaped.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&nbsp;", "\u00a0")
    .replaceAll("&amp;", "&");
}

Deno.test({
  name: "three scenarios give the same JSON in a browser as in Deno, byte for byte",
  ignore,
  async fn() {
    await using folder = await newFolder();
    const sources = await readScenarios();
    const main = `import { comparisonJson } from "../../tests/runtimes/comparison.ts";
      const sources: string[] = ${JSON.stringify(sources)};
      sources.forEach((source, at) => {
        document.getElementById("out" + at)!.textContent = comparisonJson(source);
      });`;
    await Deno.writeTextFile(`${folder.path}/main.ts`, main);
    await bundle(`${folder.path}/main.ts`, `${folder.path}/main.js`, "iife");
    const places = sources.map((_, at) => `<pre id="out${at}"></pre>`).join("");
    const page = `<!DOCTYPE html><meta charset="utf-8">${places}<script src="main.js"></script>`;
    await Deno.writeTextFile(`${folder.path}/page.html`, page);
    const { dom, complaints } = await open(folder.path, "page.html");
    assertEquals(complaints, []);
    for (const [at, source] of sources.entries()) {
      assertEquals(textOf(dom, `out${at}`), comparisonJson(source));
    }
  },
});

Deno.test({
  name: "the example page runs the KSM scenario and shows its comparison",
  ignore,
  async fn() {
    await using folder = await newFolder();
    await bundle("examples/web_page/main.js", `${folder.path}/page.js`, "iife");
    await Deno.copyFile("examples/web_page/index.html", `${folder.path}/index.html`);
    const { dom, complaints } = await open(folder.path, "index.html");
    assertEquals(complaints, []);
    const [source] = await readScenarios();
    const { columns, listeners: [guest] } = comparePolicies(parseScenario(source));
    const cells = columns.map((column) => `<td>${guest.counters.faults[column]}</td>`).join("");
    assertStringIncludes(dom, `<tr><td>guest.faults</td>${cells}</tr>`);
    assertStringIncludes(dom, "<th>kernel v5-series</th>");
  },
});
