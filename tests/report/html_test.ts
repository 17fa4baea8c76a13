import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { htmlReport } from "../../lib/report/html.ts";
import { documentOf, elementsOf, hostileDocument } from "./documents.ts";
import { fixture } from "./results.ts";

const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ALLOWED = "html head meta title style body header h1 p span section h2 h3 a pre nav table " +
  "thead tbody tr th td main details summary ol li h4 figure svg line rect text figcaption";

const page = htmlReport(documentOf(fixture("failing")));
const hostile = htmlReport(hostileDocument(fixture("failing")));
const browser = BROWSERS.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

Deno.test("htmlReport() is well formed, and runs and fetches nothing", () => {
  for (const html of [page, hostile]) {
    const strange = elementsOf(html).filter((name) => !ALLOWED.split(" ").includes(name));
    assertEquals(strange, []);
    const tags = html.match(/<[^>]*>/g) ?? [];
    assertEquals(tags.filter((tag) => /\s(on\w+|src|style|action|srcdoc)=/.test(tag)), []);
    const links = tags.flatMap((tag) => /href="([^"]*)"/.exec(tag)?.[1] ?? []);
    assertEquals(links.filter((link) => !/^#s\d+$/.test(link)), []);
    assert(!/url\(|@import|<script/.test(html));
  }
});

Deno.test("htmlReport() shows comparison, charts, windows, steps and failures", () => {
  assertStringIncludes(page, "Expectations that do not hold");
  assertStringIncludes(page, "mprotect range=buf prot=r");
  assertStringIncludes(page, "ret: expected 1, got 0");
  assertStringIncludes(page, "ideal/legacy");
  assertStringIncludes(page, "Windows under ideal");
  assertStringIncludes(page, "prefers-color-scheme: dark");
  const elements = elementsOf(page);
  assertEquals(elements.filter((name) => name === "pre").length, 2);
  assertEquals(elements.filter((name) => name === "svg").length, 2 + 4);
});

Deno.test("htmlReport() shows the page tables before and after each step", () => {
  const rows = (page.match(/<tr><td>[^\n]*<\/tr>/g) ?? [])
    .map((row) => row.replace(/<[^>]*>/g, "|").replace(/\|+/g, "|"));
  assertStringIncludes(page, "Page tables before and after each step, kernel v5.0");
  const protect = rows.findIndex((row) => row.includes("mprotect range=buf prot=r"));
  assert(protect > 0);
  assertStringIncludes(rows[protect], "|app|buf|frames ");
  assertEquals(/ rw [^|]*\|frames [^|]* ro /.test(rows[protect]), true, rows[protect]);
  assert(rows[protect + 1].startsWith("|nic|buf|"), "the device's table follows the CPU's");
});

Deno.test("htmlReport() says how many more runs of pages a step changed", () => {
  const odd = Array.from({ length: 30 }, (_, index) => `  - write: { range: "a[${2 * index}]" }`);
  const source = "name: n\nprocesses: { p: }\nsteps:\n" +
    "  - mmap: { process: p, name: a, size: 60 pages }\n" + odd.join("\n") +
    "\n  - madvise: { range: a, advice: DONTNEED }\n";
  assertStringIncludes(
    htmlReport(documentOf(source)),
    '<td class="dim" colspan="4">and 6 more runs',
  );
});

Deno.test("htmlReport() of nothing is a page too", () => {
  const html = htmlReport({ ...documentOf(fixture("mprotect")), scenarios: [] });
  assertStringIncludes(html, "0 scenarios");
  elementsOf(html);
});

/** Opens a page in the browser; gives its document as it came to be, its log and a pixel. */
async function open(html: string, dark: boolean) {
  await Deno.mkdir("tmp", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "tmp", prefix: "browser_" });
  const start = async (...args: string[]) => {
    const words = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"];
    const profile = `--user-data-dir=${Deno.cwd()}/${folder}/profile`;
    const scheme = `--blink-settings=preferredColorScheme=${dark ? 0 : 1}`;
    const { stdout, stderr } = await new Deno.Command(browser!, {
      args: [...words, profile, scheme, ...args, `file://${Deno.cwd()}/${folder}/report.html`],
    }).output();
    return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  };
  try {
    await Deno.writeTextFile(`${folder}/report.html`, html);
    const [dom, log] = await start("--dump-dom");
    await start(`--screenshot=${Deno.cwd()}/${folder}/shot.png`, "--window-size=800,600");
    const pixel = await firstPixel(await Deno.readFile(`${folder}/shot.png`));
    return { dom, console: log.split("\n").filter((line) => line.includes("CONSOLE")), pixel };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The colour of the upper left pixel of a PNG, which no filter changes. */
async function firstPixel(png: Uint8Array): Promise<number[]> {
  const view = new DataView(png.buffer, png.byteOffset);
  const parts: BlobPart[] = [];
  for (let at = 8; at < png.length; at += view.getUint32(at) + 12) {
    const type = new TextDecoder().decode(png.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(png.slice(at + 8, at + 8 + view.getUint32(at)));
  }
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const data = new Uint8Array(await new Response(stream).arrayBuffer());
  return [...data.subarray(1, 4)];
}

if (browser === undefined) {
  Deno.test("no browser is there: the page is checked by its structure alone", () => {
    elementsOf(page);
  });
} else {
  for (const [scheme, colour] of [["light", [255, 255, 255]], ["dark", [20, 24, 28]]] as const) {
    Deno.test(`a browser shows the page in ${scheme} colours without a complaint`, async () => {
      const shown = await open(page, scheme === "dark");
      assertEquals(shown.console, []);
      assertEquals(shown.pixel, [...colour]);
      assertStringIncludes(shown.dom, "Expectations that do not hold");
    });
  }

  Deno.test("a browser finds no element in hostile text", async () => {
    const { dom, console } = await open(hostile, false);
    assertEquals(console, []);
    assert(!dom.includes("<script"));
    assertStringIncludes(dom, "&lt;script&gt;alert(1)");
  });
}
