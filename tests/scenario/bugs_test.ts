import { assert, assertEquals } from "@std/assert";
import { comparePolicies } from "../../lib/compare/compare.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

const root = new URL("../../", import.meta.url);
const files = [...Deno.readDirSync(new URL("scenarios/bugs", root))].map(({ name }) => name).sort();
const list = Deno.readTextFileSync(new URL("docs/bugs.md", root));

for (const file of files) {
  Deno.test(`${file} shows its bug under every kernel that it names`, () => {
    const text = Deno.readTextFileSync(new URL(`scenarios/bugs/${file}`, root));
    const program = parseScenario(text, { file });
    for (const kernel of program.kernels) {
      const { runs, failures } = comparePolicies(program, { kernel });
      const all = [...failures, ...runs.flatMap((run) => run.failures)];
      assertEquals(all.map(({ message }) => `${kernel}: ${message}`), []);
    }
    assert(/# Mechanism|#\s+Mechanism:/.test(text) && /#\s+Reference:/.test(text));
  });
}

Deno.test("the list names all 28 bugs, with their files or the reason", () => {
  for (let bug = 1; bug <= 28; bug++) {
    const line = list.split("\n").find((one) => one.startsWith(`| B-${bug} `)) ?? "";
    const file = files.find((one) => one.startsWith(`b-${String(bug).padStart(2, "0")}-`));
    assert(file === undefined ? line.includes("not shown: ") : line.includes(file), line);
  }
});

Deno.test("at least 22 of 28 bugs are shown", () => {
  assert(new Set(files.map((name) => name.slice(0, 4))).size >= 22);
});
