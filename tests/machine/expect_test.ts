import { assertEquals } from "@std/assert";
import { TRACE_ONLY_END } from "../../lib/kernel/trace.ts";
import { checkEnd, checkStep, takeBaseline } from "../../lib/machine/expect.ts";
import type { Demand, Matcher } from "../../lib/machine/expectation.ts";
import { expectation, type MadeUp, observed, page, program, record } from "./made_up.ts";

/** The messages of the demands that do not hold after a step. */
function messages(demands: readonly Demand[], parts: MadeUp = {}): string[] {
  const wanted = program(demands.map((demand) => expectation(demand)));
  return checkStep(wanted, 0, observed(parts), new Map()).map(({ message }) => message);
}

function is(operand: number): Matcher {
  return { operator: "==", operand };
}

const RAM = { range: { mapping: "ram", firstPage: 0, pages: null } };
const FIRST = { range: { mapping: "ram", firstPage: 0, pages: 1 } };
const BREACH = { invariant: "coherence", message: "the entries differ" };

Deno.test("a failure carries the expectation, its place and its step", () => {
  const wanted = program([expectation({ kind: "ret", matcher: is(1) })]);
  assertEquals(checkStep(wanted, 0, observed(), new Map()), [{
    expectation: "as written",
    expected: "1",
    actual: "0",
    position: { file: "f", line: 1, column: 2 },
    step: 0,
    message: "ret: expected 1, got 0",
  }]);
});

Deno.test("a step must not fail unless something is expected of its result", () => {
  const failed = { result: { ret: -11 } };
  assertEquals(messages([], failed), ["ret: expected >= 0, got -11 (EAGAIN)"]);
  assertEquals(messages([{ kind: "errno", names: ["EAGAIN"] }], failed), []);
  assertEquals(messages([{ kind: "ret", matcher: is(-11) }], failed), []);
});

Deno.test("errno names what came instead", () => {
  const demand: Demand = { kind: "errno", names: ["EAGAIN", "ENOMEM"] };
  assertEquals(messages([demand], { result: { ret: -12 } }), []);
  assertEquals(messages([demand]), ["errno: expected EAGAIN or ENOMEM, got success (0)"]);
  assertEquals(messages([demand], { result: { ret: -22 } }), [
    "errno: expected EAGAIN or ENOMEM, got EINVAL",
  ]);
});

Deno.test("an expectation holds only for its kernels and policies", () => {
  const demand: Demand = { kind: "figure", name: "a.b", matcher: is(1) };
  const wanted = program([expectation(demand, { kernels: ["v6.1"], policies: ["ideal"] })]);
  const count = (parts: MadeUp) => checkStep(wanted, 0, observed(parts), new Map()).length;
  assertEquals(count({ kernel: "v6.1", policy: "ideal" }), 1);
  assertEquals(count({ kernel: "v5.2", policy: "ideal" }), 0);
  assertEquals(count({ kernel: "v6.1", policy: "legacy" }), 0);
});

Deno.test("a result expected under another kernel does not excuse a failure under this one", () => {
  const errno = expectation({ kind: "errno", names: ["EAGAIN"] }, { kernels: ["v6.1"] });
  const failures = checkStep(program([errno]), 0, observed({ result: { ret: -11 } }), new Map());
  assertEquals(failures.length, 1);
});

Deno.test("figures and values are compared, and unknown ones are failures", () => {
  const parts = {
    figures: { "g.faults": 3, "g.windows": 2 },
    result: { ret: 0, values: { n: 5 } },
  };
  const more: Matcher = { operator: ">", operand: { name: "g.windows" } };
  assertEquals(messages([{ kind: "figure", name: "g.faults", matcher: more }], parts), []);
  assertEquals(messages([{ kind: "figure", name: "g.windows", matcher: more }], parts), [
    "g.windows: expected > 2 (g.windows), got 2",
  ]);
  assertEquals(messages([{ kind: "value", name: "n", matcher: is(4) }], parts), [
    "n: expected 4, got 5",
  ]);
  assertEquals(messages([{ kind: "figure", name: "x.y", matcher: is(0) }], parts), [
    "x.y: expected 0, got nothing of that name",
  ]);
});

Deno.test("a name without value in a matcher never holds", () => {
  for (const operator of ["==", "!=", "<", ">="] as const) {
    const matcher: Matcher = { operator, operand: { name: "no.such" } };
    assertEquals(messages([{ kind: "ret", matcher }]), [
      `ret: expected ${operator === "==" ? "" : operator + " "}unknown (no.such), got 0`,
    ]);
  }
});

Deno.test("both ends of a range are part of it", () => {
  const matcher: Matcher = { operator: "..", low: 3, high: 5 };
  const check = (ret: number) => messages([{ kind: "ret", matcher }], { result: { ret } });
  assertEquals([3, 4, 5].flatMap(check), []);
  assertEquals([2, 6].flatMap(check), ["ret: expected 3..5, got 2", "ret: expected 3..5, got 6"]);
});

Deno.test("delta is the change since the baseline", () => {
  const demand: Demand = { kind: "delta", name: "g.faults", matcher: is(16) };
  const wanted = program([expectation(demand)]);
  const baseline = takeBaseline(wanted.steps[0].expect, observed({ figures: { "g.faults": 4 } }));
  const check = (now: number) =>
    checkStep(wanted, 0, observed({ figures: { "g.faults": now } }), baseline);
  assertEquals(check(20), []);
  assertEquals(check(21).map(({ message }) => message), [
    "change of g.faults: expected 16, got 17",
  ]);
});

Deno.test("events counts windows by event, all windows, and other records", () => {
  const records = [
    record("invalidate_range_start", { event: "CLEAR" }),
    record("invalidate_range_end", { event: "CLEAR" }),
    record("invalidate_range_start", { event: "SOFT_DIRTY" }),
    record("change_pte"),
  ];
  const count = (what: Extract<Demand, { kind: "events" }>["what"], wanted: number) =>
    messages([{ kind: "events", what, matcher: is(wanted) }], { records });
  assertEquals(count("CLEAR", 1), []);
  assertEquals(count("UNMAP", 0), []);
  assertEquals(count("windows", 2), []);
  assertEquals(count("change_pte", 1), []);
  assertEquals(count("invalidate_range_end", 2), ["invalidate_range_end: expected 2, got 1"]);
});

Deno.test("violations fail a step unless the step or the file expects them", () => {
  const broken = observed({ violations: [BREACH] });
  const demand: Demand = { kind: "violations", invariant: "coherence", matcher: is(1) };
  const check = (wanted: ReturnType<typeof program>) =>
    checkStep(wanted, 0, broken, new Map()).map(({ message }) => message);
  assertEquals(check(program([])), [
    "violations: expected none, got coherence: the entries differ",
  ]);
  assertEquals(check(program([expectation(demand)])), []);
  assertEquals(check(program([], { expect: [expectation(demand)] })), []);
  const other: Demand = { ...demand, invariant: "refcount", matcher: is(0) };
  assertEquals(check(program([expectation(other)])).length, 1);
});

Deno.test("violations expected at the end are counted over the whole run", () => {
  const demand: Demand = { kind: "violations", invariant: "coherence", matcher: is(2) };
  const wanted = program([], { expect: [expectation(demand)] });
  const check = (allViolations: readonly typeof BREACH[]) =>
    checkEnd(wanted, observed({ result: null, allViolations })).map(({ message }) => message);
  assertEquals(check([BREACH, BREACH]), []);
  assertEquals(check([BREACH]), [
    "violations of coherence: expected 2, got 1 (coherence: the entries differ)",
  ]);
});

Deno.test("violations of the final accounting fail the run", () => {
  const end = observed({ result: null, violations: [BREACH] });
  assertEquals(checkEnd(program([]), end).map(({ step }) => step), [null]);
});

Deno.test("page flags must be so on every page", () => {
  const pages = { p: [page(), page({ writable: true }), page(), undefined] };
  const flag = (flag: "present" | "writable", value: boolean) =>
    messages([{ kind: "pages", where: RAM, demand: { flag, value } }], { pages });
  assertEquals(flag("writable", false), ["ram writable: expected false, got true on ram[1]"]);
  assertEquals(flag("present", true), ["ram present: expected true, got false on ram[3]"]);
});

Deno.test("pages in a row that are wrong alike are named together", () => {
  const where = { range: { mapping: "ram", firstPage: 0, pages: 7 } };
  const [message] = messages([{ kind: "pages", where, demand: { flag: "present", value: true } }]);
  assertEquals(message, "ram[0..7] present: expected true, got false on ram[0..7]");
});

Deno.test("runs of pages that are wrong in different ways are counted", () => {
  const where = { range: { mapping: "ram", firstPage: 0, pages: 7 } };
  const pages = { p: [0, 1, 2, 3, 4, 5, 6].map((content) => page({ content })) };
  const demand = { number: "content", matcher: is(9) } as const;
  const [message] = messages([{ kind: "pages", where, demand }], { pages });
  assertEquals(
    message,
    "ram[0..7] content: expected 9, got 0 on ram[0], 1 on ram[1], 2 on ram[2], 3 on ram[3] " +
      "and 3 more",
  );
});

Deno.test("numbers of pages are compared; a page that is not there has none", () => {
  const pages = { p: [page({ mapcount: 2 })] };
  const check = (where: typeof FIRST, operand: number) =>
    messages([{ kind: "pages", where, demand: { number: "mapcount", matcher: is(operand) } }], {
      pages,
    });
  assertEquals(check(FIRST, 2), []);
  assertEquals(check(FIRST, 1), ["ram[0] mapcount: expected 1, got 2 on ram[0]"]);
  const second = { range: { ...FIRST.range, firstPage: 1 } };
  assertEquals(check(second, 0), ["ram[1] mapcount: expected 0, got no page on ram[1]"]);
});

Deno.test("frames are compared with one page or pairwise, and counted", () => {
  const frames = (...pfns: number[]) => pfns.map((pfn) => page({ pfn }));
  const pages = { p: frames(5, 5, 5, 6), c: frames(5, 5, 5, 7) };
  const check = (demand: Extract<Demand, { kind: "pages" }>["demand"]) =>
    messages([{ kind: "pages", where: { process: "c", ...RAM }, demand }], { pages });
  assertEquals(check({ frames: "same", as: RAM }), [
    "c:ram frame: expected the frame of ram, got frame 7 against 6 on ram[3]",
  ]);
  assertEquals(check({ frames: "same", as: FIRST }), [
    "c:ram frame: expected the frame of ram[0], got frame 7 against 5 on ram[3]",
  ]);
  assertEquals(check({ frames: "other", as: RAM }).length, 1);
  assertEquals(check({ distinctFrames: is(2) }), []);
  assertEquals(check({ distinctFrames: is(1) }), ["c:ram frames: expected 1, got 2"]);
});

Deno.test("pages without a frame are neither the same nor others", () => {
  const pages = { p: [page({ pfn: -1, present: false })] };
  for (const frames of ["same", "other"] as const) {
    const demand = { frames, as: FIRST };
    const found = messages([{ kind: "pages", where: FIRST, demand }], { pages });
    assertEquals(found.length, 1, frames);
  }
});

Deno.test("the access of a device is compared", () => {
  const demand = { listener: "guest", access: "ro" } as const;
  const check = (access: readonly ("none" | "ro" | "rw")[]) =>
    messages([{ kind: "pages", where: FIRST, demand }], { access });
  assertEquals(check(["ro"]), []);
  assertEquals(check(["rw"]), ["ram[0] access of guest: expected ro, got rw on ram[0]"]);
});

Deno.test("pages of an unknown mapping are a failure", () => {
  const where = { range: { mapping: "rom", firstPage: 0, pages: null } };
  assertEquals(messages([{ kind: "pages", where, demand: { flag: "present", value: true } }]), [
    "rom: expected a mapping, got none of that name",
  ]);
});

const COW = [
  record("operation_begin"),
  record("invalidate_range_start", { event: "CLEAR" }),
  record("invalidate_range"),
  record("change_pte"),
  record("invalidate_range_end", { event: "CLEAR", flags: TRACE_ONLY_END }),
  record("device_fault"),
];

function sequence(items: Extract<Demand, { kind: "sequence" }>["items"], records = COW): string[] {
  return messages([{ kind: "sequence", items }], { records });
}

Deno.test("a sequence holds callback by callback, with or without details", () => {
  assertEquals(sequence([{ callback: "S" }, { callback: "cp" }, { callback: "e" }]), []);
  assertEquals(
    sequence([
      { callback: "S", event: "CLEAR", range: FIRST },
      { callback: "ir", range: FIRST },
      { callback: "cp", range: { process: "p", ...FIRST } },
      { callback: "e", range: { start: 0x10000, end: 0x11000 } },
    ]),
    [],
  );
});

Deno.test("a sequence shows where it goes wrong", () => {
  assertEquals(sequence([{ callback: "S", event: "UNMAP" }, { callback: "E", range: FIRST }]), [
    "sequence, callback 1: expected S UNMAP · E ram[0], got S CLEAR [0x10000,0x11000) · " +
    "cp [0x10000,0x11000) · e CLEAR [0x10000,0x11000)",
  ]);
});

Deno.test("a sequence fails if a callback is missing, left over, or of another kind", () => {
  assertEquals(sequence([{ callback: "S" }, { callback: "cp" }]).length, 1);
  assertEquals(
    sequence([{ callback: "S" }, { callback: "cp" }, { callback: "e" }, { callback: "S" }]).length,
    1,
  );
  assertEquals(sequence([{ callback: "S" }, { callback: "cp" }, { callback: "E" }]).length, 1);
  assertEquals(sequence([]).length, 1);
  assertEquals(sequence([], []), []);
});

Deno.test("a sequence with a process demands that process", () => {
  const range = { process: "c", ...FIRST };
  const items = [
    { callback: "S", range } as const,
    { callback: "cp" } as const,
    {
      callback: "e",
    } as const,
  ];
  assertEquals(sequence(items).length, 1);
  const ofChild = COW.map((one) => ({ ...one, mm: 1 }));
  assertEquals(sequence(items, ofChild), []);
});

Deno.test("a sequence with another range fails", () => {
  const second = { range: { ...FIRST.range, firstPage: 1 } };
  const items = (range: typeof second | { start: number; end: number }) => [
    { callback: "S" } as const,
    { callback: "cp", range } as const,
    { callback: "e" } as const,
  ];
  assertEquals(sequence(items(FIRST)), []);
  assertEquals(sequence(items(second)).length, 1);
  assertEquals(sequence(items({ start: 0x10000, end: 0x12000 })).length, 1);
  assertEquals(sequence(items({ start: 0x8000, end: 0x11000 })).length, 1);
});
