import { assert, assertEquals } from "@std/assert";
import { tabulateEvents } from "../../lib/compare/event_table.ts";
import { mutate, type Subject } from "../../lib/compare/mutate.ts";
import { SITE } from "../../lib/notifier/sites.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

const library = new URL("../../scenarios/", import.meta.url);

/** The scenarios of the library; those that open every kind of window first. */
function subjects(): Subject[] {
  const names = ["", "bugs/", "drivers/"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, library))]
      .filter(({ name }) => name.endsWith(".yaml")).map(({ name }) => folder + name).sort()
  );
  return names.map((file) => {
    const text = Deno.readTextFileSync(new URL(file, library));
    return { file, program: parseScenario(text, { file }) };
  });
}

Deno.test("the library notices 95 % of all mistakes at the places it reaches, and every unsafe one", () => {
  const { mutations, unsafeHoles, unreached, failing } = mutate(subjects(), { once: true });
  const noticed = mutations.filter(({ noticedBy }) => noticedBy.length > 0);
  assert(noticed.length >= 0.95 * mutations.length, `${noticed.length} of ${mutations.length}`);
  assertEquals([unsafeHoles, unreached, failing], [[], [], []]);
});

Deno.test("the library reaches every call site that the model has", () => {
  const { sites } = tabulateEvents(subjects().map(({ program }) => program));
  const missing = Object.entries(SITE).filter(([, number]) => (sites.get(number) ?? 0) === 0);
  assertEquals(missing, []);
});
