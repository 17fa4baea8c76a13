import { assert, assertEquals } from "@std/assert";
import { load } from "../../lib/cli/load.ts";
import { tabulateEvents } from "../../lib/compare/event_table.ts";
import { mutate } from "../../lib/compare/mutate.ts";
import { LISTENER_KINDS } from "../../lib/listeners/registry.ts";
import type { Program } from "../../lib/machine/program.ts";
import { EVENT_NAMES, SITE } from "../../lib/notifier/range.ts";

/** The programs of the library; those that open every kind of window first. */
function programs(): Program[] {
  const { scenarios, files } = load(["scenarios"], { variables: {}, policies: [] });
  assertEquals(files.flatMap(({ diagnostics }) => diagnostics), []);
  const depth = ({ file }: Program) => file.split("/").length;
  return scenarios.map(({ program }) => program).toSorted((one, other) =>
    depth(one) - depth(other) || (one.file < other.file ? -1 : 1)
  );
}

Deno.test("the library notices 95 % of all mistakes at the places it reaches, and every unsafe one", () => {
  const { mutations, unsafeHoles, unreached, failing } = mutate(programs(), { once: true });
  const noticed = mutations.filter(({ noticedBy }) => noticedBy.length > 0);
  assert(noticed.length >= 0.95 * mutations.length, `${noticed.length} of ${mutations.length}`);
  assertEquals([unsafeHoles, unreached, failing], [[], [], []]);
});

Deno.test("the library reaches every call site that the model has", () => {
  const { sites } = tabulateEvents(programs());
  const missing = Object.entries(SITE).filter(([, number]) => (sites.get(number) ?? 0) === 0);
  assertEquals(missing, []);
});

/** Events that a kind of listener never gets, and why. */
const NEVER: Readonly<Record<string, readonly string[]>> = {
  gntdev: ["PROTECTION_PAGE"], // fork passes its mappings over: VM_DONTCOPY
  sva: EVENT_NAMES, // invalidate_range tells no event
  custom: EVENT_NAMES, // is the user's
};

Deno.test("every kind of listener has a scenario in which it gets every event that reaches it", () => {
  const drivers = programs().filter(({ file }) => file.includes("drivers/"));
  const { rows } = tabulateEvents(drivers);
  for (const kind of Object.keys(LISTENER_KINDS)) {
    const got = new Set(rows.filter((row) => row.kind === kind).map(({ event }) => String(event)));
    const wanted = EVENT_NAMES.filter((event) => !NEVER[kind]?.includes(event));
    assertEquals(wanted.filter((event) => !got.has(event)), [], kind);
  }
});
