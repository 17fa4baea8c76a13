import { assert, assertEquals, assertThrows } from "@std/assert";
import { FIELDS } from "./compare.ts";
import { findDrift, parseKnownDifferences } from "./known_differences.ts";
import { loadCases } from "./load.ts";
import { replayCase, totals } from "./replay.ts";

const here = (path: string) => new URL(path, import.meta.url);

/** At least this part of the stable steps agrees, per field. */
const LEAST: Readonly<Record<string, number>> = { rangeEvents: 0.99 };

Deno.test("the simulator does what a 6.1 kernel was recorded to do, but for what is listed", async () => {
  const cases = await loadCases(here("recordings/"));
  const results = cases.map(replayCase);
  const list = await Deno.readTextFile(here("known_differences.txt"));
  assertEquals(findDrift(results, parseKnownDifferences(list)), { unexpected: [], outdated: [] });
  const sums = totals(results);
  for (const field of FIELDS) {
    const { compared, equal } = sums[field];
    assert(equal >= (LEAST[field] ?? 0.98) * compared, `${field}: ${equal} of ${compared}`);
  }
});

Deno.test("a line without a reason is refused", () => {
  assertEquals(parseKnownDifferences("# why\n\ng/c#3 because\n"), new Map([["g/c#3", "because"]]));
  assertThrows(() => parseKnownDifferences("g/c#3\n"), SyntaxError, "Cannot read known difference");
});

Deno.test("a new difference and a listed one that is gone are both reported", () => {
  const difference = { field: "ret", want: "0", got: "1" } as const;
  const step = { op: "mmap", compared: ["ret"] as const };
  const steps = [
    { ...step, n: 0, differences: [difference] },
    { ...step, n: 1, differences: [] },
    { ...step, n: 2, differences: [], failure: "unsupported operation nap" },
  ];
  const known = new Map([["g/c#1", "gone"], ["g/c#2", "listed"]]);
  const drift = findDrift([{ group: "g", case: "c", steps }], known);
  assertEquals(drift, { unexpected: ["g/c#0 ret"], outdated: ["g/c#1"] });
});

Deno.test("an unknown operation fails, it is not skipped", () => {
  const stable = {
    ret: true,
    events: true,
    rangeEvents: true,
    pages: true,
    phys: true,
    vmas: true,
  };
  const state = { P: { pages: [], phys: [], vmas: [] } };
  const step = { n: 0, op: "nap", who: "P", args: {}, ret: 0, events: [], state, stable };
  const { steps } = replayCase({ group: "g", case: "c", desc: "", window: 4, steps: [step] });
  assertEquals(steps[0].failure, "unsupported operation nap");
});

Deno.test("unstable parts are not compared", () => {
  const stable = {
    ret: false,
    events: true,
    rangeEvents: true,
    pages: true,
    phys: true,
    vmas: true,
  };
  const state = { P: { pages: [], phys: [], vmas: [] } };
  const step = { n: 0, op: "munmap", who: "P", args: { start: 0, pages: 1 }, ret: 7, events: [] };
  const recorded = { ...step, state, stable, unstableInEarlierBatch: ["vmas"] };
  const { steps } = replayCase({ group: "g", case: "c", desc: "", window: 4, steps: [recorded] });
  assertEquals(steps[0].differences, []);
  assertEquals(steps[0].compared, ["rangeEvents", "events", "pages", "phys"]);
});
