// deno-lint-ignore-file no-console
/**
 * Reports on a scenario from code: a page for people, JUnit for a build server, a trace for Perfetto.
 *
 *     deno run -R -W examples/report.ts scenarios/ksm-merge-kvm.yaml tmp
 */

import { recordComparison, renderTrace, report } from "@mmulab/mmulab/report";
import { parseScenario } from "@mmulab/mmulab/scenario";

const [file = "scenarios/ksm-merge-kvm.yaml", folder = "."] = Deno.args;
const program = parseScenario(await Deno.readTextFile(file), { file });
const comparisons = program.kernels.map((kernel) => recordComparison(program, { kernel }));

await Deno.mkdir(folder, { recursive: true });
await Deno.writeTextFile(`${folder}/report.html`, report("html", comparisons));
await Deno.writeTextFile(`${folder}/report.xml`, report("junit", comparisons));
const traces = comparisons.flatMap(({ traces }) => traces);
await Deno.writeTextFile(`${folder}/trace.json`, renderTrace("perfetto", traces));

for (const { kernel, passed, runs } of comparisons) {
  console.log(kernel, passed ? "passed" : "failed", `${runs.length} runs`);
}
