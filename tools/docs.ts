/**
 * Writes the generated sections of the pages in docs/ anew.
 *
 * Run it after a change of operations, listeners, the grammar, costs or scenarios: `deno task docs`.
 *
 * @module
 */

import { loadCases } from "../tests/conformance/load.ts";
import { replayCase } from "../tests/conformance/replay.ts";
import { costSections } from "./cost_model.ts";
import { fidelitySections } from "./fidelity.ts";
import { type Sections, withSections } from "./markdown.ts";
import { reportSections } from "./report_page.ts";
import { librarySections, readLibrary } from "./scenario_library.ts";
import { referenceSections } from "./scenario_reference.ts";

/** A page with generated sections. */
export interface Page {
  /** Path from the root of the project. */
  readonly path: string;
  /** Path of the tool that knows its sections. */
  readonly tool: string;
  /** Makes the sections. */
  sections(): Promise<Sections>;
}

/** Every page with generated sections. */
export const PAGES: readonly Page[] = [
  {
    path: "docs/scenario-reference.md",
    tool: "tools/scenario_reference.ts",
    sections: async () =>
      referenceSections({
        vmstat: await read("lib/mm/vmstat.ts"),
      }),
  },
  {
    path: "docs/scenarios.md",
    tool: "tools/scenario_library.ts",
    sections: () => Promise.resolve(librarySections(readLibrary(urlOf("scenarios/")))),
  },
  {
    path: "docs/cost-model.md",
    tool: "tools/cost_model.ts",
    sections: async () =>
      costSections({
        mm: await read("lib/kernel/costs.ts"),
        listeners: await read("lib/listeners/costs.ts"),
      }),
  },
  {
    path: "docs/fidelity.md",
    tool: "tools/fidelity.ts",
    sections: async () => {
      const cases = await loadCases(urlOf("tests/conformance/recordings/"));
      return fidelitySections(cases.map(replayCase));
    },
  },
  {
    path: "docs/reading-the-reports.md",
    tool: "tools/report_page.ts",
    sections: async () => reportSections(await read("lib/listeners/counters.ts")),
  },
];

/**
 * Reads a page and what it has to be.
 *
 * @param page The page.
 * @returns The page as it is, and as it should be.
 */
export async function readPage(page: Page): Promise<{ found: string; wanted: string }> {
  const found = await read(page.path);
  return { found, wanted: withSections(found, page.tool, await page.sections()) };
}

function urlOf(path: string): URL {
  return new URL(`../${path}`, import.meta.url);
}

function read(path: string): Promise<string> {
  return Deno.readTextFile(urlOf(path));
}

if (import.meta.main) {
  for (const page of PAGES) {
    await Deno.writeTextFile(urlOf(page.path), (await readPage(page)).wanted);
  }
}
