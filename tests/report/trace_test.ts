import { assert, assertEquals, assertMatch } from "@std/assert";
import { perfettoJson, type TraceEvent } from "../../lib/report/trace_events.ts";
import { ftraceText, traceLines } from "../../lib/report/trace_files.ts";
import { HOSTILE, record } from "./documents.ts";
import { comparisonsOf, fixture } from "./results.ts";

const ksm = Deno.readTextFileSync(
  new URL("../../scenarios/ksm-merge-kvm.yaml", import.meta.url),
);
const [comparison] = record(ksm, "ksm.yaml", ["v5-series"]);
const { traces: traced } = comparison;
const runs = traced.map(({ run }) => run);
const trace: { displayTimeUnit: string; traceEvents: TraceEvent[] } = JSON.parse(
  perfettoJson(traced),
);
const events = trace.traceEvents;
const only = (ph: string, cat?: string) =>
  events.filter((event) => event.ph === ph && (cat === undefined || event.cat === cat));

/** The members that each phase must have, and may have. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  M: ["args", "name", "ph", "pid", "tid"],
  X: ["args", "cat", "dur", "name", "ph", "pid", "tid", "ts"],
  b: ["args", "cat", "id", "name", "ph", "pid", "tid", "ts"],
  e: ["cat", "id", "name", "ph", "pid", "tid", "ts"],
  s: ["cat", "id", "name", "ph", "pid", "tid", "ts"],
  f: ["bp", "cat", "id", "name", "ph", "pid", "tid", "ts"],
  C: ["args", "name", "ph", "pid", "tid", "ts"],
};

Deno.test("every trace event has the members of its phase, of the right types", () => {
  assertEquals(trace.displayTimeUnit, "ns");
  assert(events.length > 300);
  for (const event of events) {
    assertEquals(Object.keys(event).sort(), MEMBERS[event.ph], JSON.stringify(event));
    assert(event.name !== "");
    assert(Number.isSafeInteger(event.pid) && event.pid > 0 && event.tid === 1);
    if (event.ph === "M") continue;
    assert(Number.isFinite(event.ts) && event.ts! >= 0);
    if (event.ph === "X") assert(event.dur! >= 0);
  }
});

/** What the trace-event format says of each member. */
const FIELDS: Readonly<Record<string, (value: unknown, event: TraceEvent) => boolean>> = {
  ph: (value) => typeof value === "string" && value.length === 1,
  name: (value) => typeof value === "string",
  cat: (value) => typeof value === "string" && /^[a-z]+(,[a-z]+)*$/.test(value),
  ts: (value) => typeof value === "number" && value >= 0,
  dur: (value) => typeof value === "number" && value >= 0,
  pid: Number.isSafeInteger,
  tid: Number.isSafeInteger,
  id: (value) => typeof value === "string" && value !== "",
  bp: (value) => value === "e",
  args: (value, { ph }) =>
    typeof value === "object" && value !== null &&
    Object.values(value).every((one) => ph === "C" ? isCount(one) : isCount(one) || isText(one)),
};

/** The metadata events of the format, with their only argument. */
const METADATA: Readonly<Record<string, readonly [string, (value: unknown) => boolean]>> = {
  process_name: ["name", isText],
  process_labels: ["labels", isText],
  process_sort_index: ["sort_index", isCount],
  thread_name: ["name", isText],
  thread_sort_index: ["sort_index", isCount],
};

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isCount(value: unknown): boolean {
  return Number.isFinite(value);
}

Deno.test("the trace is an object with members of the trace-event format alone", () => {
  assertEquals(Object.keys(trace).sort(), ["displayTimeUnit", "otherData", "traceEvents"]);
  assert(["ms", "ns"].includes(trace.displayTimeUnit));
  assert(Array.isArray(events));
});

Deno.test("every member of every trace event has the type that the format gives it", () => {
  for (const event of events) {
    for (const [member, value] of Object.entries(event)) {
      assert(FIELDS[member](value, event), `${member} of ${JSON.stringify(event)}`);
    }
    if (event.ph !== "M") continue;
    const [[key, value], ...more] = Object.entries(event.args!);
    const [name, fits] = METADATA[event.name];
    assert(key === name && fits(value) && more.length === 0, JSON.stringify(event));
  }
});

Deno.test("trace events stand in the order of their times, arrows after what they begin at", () => {
  const byRun = Map.groupBy(events, ({ pid }) => Math.floor(pid / 1000));
  assertEquals(byRun.size, runs.length);
  for (const own of byRun.values()) {
    const times = own.filter(({ ph }) => ph !== "M").map(({ ts }) => ts!);
    assertEquals(times, times.toSorted((one, other) => one - other));
  }
  const at = new Map(events.map((event, index) => [`${event.ph} ${event.id}`, index]));
  for (const { id } of only("f")) assert(at.get(`s ${id}`)! < at.get(`f ${id}`)!);
  for (const { id } of only("e")) assert(at.get(`b ${id}`)! < at.get(`e ${id}`)!);
});

Deno.test("every process of a trace has a name, and no two have the same", () => {
  const names = only("M").filter(({ name }) => name === "process_name");
  assertEquals(new Set(names.map(({ pid }) => pid)).size, names.length);
  assertEquals(new Set(names.map(({ args }) => args!.name)).size, names.length);
  assertEquals(names.slice(0, 3).map(({ args }) => args!.name), [
    "KSM merge on a KVM guest, v5-series legacy: kernel",
    "KSM merge on a KVM guest, v5-series legacy: process qemu",
    "KSM merge on a KVM guest, v5-series legacy: listener guest",
  ]);
  const named = new Set(names.map(({ pid }) => pid));
  assert(events.every(({ pid }) => named.has(pid)));
});

Deno.test("operations and callbacks of a trace are slices that nest", () => {
  assertEquals(
    only("X", "operation").filter(({ pid }) => pid === 1000).map(({ name }) => name),
    ["mmap", "memslot", "guest_write", "madvise", "ksmd", "ksmd", "guest_read", "guest_write"],
  );
  const tracks = Map.groupBy(only("X"), ({ pid }) => pid);
  for (const slices of tracks.values()) {
    let end = 0;
    for (const { ts, dur } of slices) {
      assert(ts! >= end - 1e-9, `slices overlap at ${ts}`);
      end = ts! + dur!;
    }
  }
});

Deno.test("windows of a trace are async spans that end", () => {
  const ends = new Map(only("e").map((event) => [event.id, event]));
  const begins = only("b", "window");
  assertEquals(begins.length, runs.reduce((sum, run) => sum + run.windows.length, 0));
  assertEquals(new Set(begins.map(({ id }) => id)).size, begins.length);
  for (const { id, ts, name, pid, args } of begins) {
    const end = ends.get(id)!;
    assert(end.ts! >= ts!);
    assertEquals([end.name, end.pid], [name, pid]);
    assertMatch(String(args!.start), /^0x[0-9a-f]+000$/);
  }
  const legacy = begins.filter(({ pid }) => pid === 1001);
  assertEquals(legacy.length, 32);
  assertEquals(legacy.filter(({ name }) => name === "CLEAR write_protect_page").length, 16);
  assertEquals(legacy.filter(({ name }) => name === "CLEAR replace_page").length, 15);
});

Deno.test("arrows of a trace lead from an operation to each callback", () => {
  const slices = only("X");
  const around = (event: TraceEvent) =>
    slices.some(({ pid, ts, dur }) =>
      pid === event.pid && ts! <= event.ts! && event.ts! <= ts! + dur! + 1e-9
    );
  const ends = new Map(only("f").map((event) => [event.id, event]));
  assertEquals(only("s").length, only("X", "callback").length);
  for (const start of only("s")) {
    const end = ends.get(start.id)!;
    assert(around(start) && around(end));
    assertEquals([end.bp, start.pid % 1000, end.pid % 1000], ["e", 0, 500]);
  }
});

Deno.test("counters of a trace end where the figures of the run end", () => {
  runs.forEach((_, index) => {
    const last = (name: string, key: string) =>
      only("C").findLast((event) =>
        event.name === name && Math.floor(event.pid / 1000) === index + 1
      )?.args?.[key];
    const { figures } = comparison.runs[index];
    assertEquals(last("faults", "faults"), figures["guest.faults"]);
    assertEquals(last("TLB flushes", "tlb_flushes"), figures["guest.tlb_flushes"]);
    assertEquals(last("KSM", "pages_sharing"), figures["ksm.pages_sharing"]);
  });
});

Deno.test("recording changes nothing of a run", () => {
  for (const { callbacks, listeners } of runs) {
    const starts = callbacks.filter(({ name }) => name === "invalidate_range_start");
    assertEquals([listeners[0].name, starts.length], ["guest", 32]);
  }
  const [plain] = comparisonsOf(fixture("mprotect"));
  const [recorded] = record(fixture("mprotect"));
  assertEquals([recorded.runs, recorded.listeners], [plain.runs, plain.listeners]);
});

Deno.test("ftraceText() of a run", async (t) => {
  await t.assertSnapshot(ftraceText(traced.slice(2, 3)));
});

Deno.test("each line of ftraceText() has the shape that trace-cmd reports", () => {
  for (const line of ftraceText(traced).split("\n")) {
    assertMatch(line, /^(#.*|| +[\w.:-]{1,15}-\d+ +\[\d{3}\] \.{5} +\d+\.\d{6}: \w+: .+)$/);
  }
});

Deno.test("traceLines() gives an object per record", () => {
  const lines = traceLines(traced).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(lines.length, runs.reduce((sum, run) => sum + run.records.length, 0));
  const first = lines.find(({ kind }) => kind === "invalidate_range_start");
  assertEquals([first.process, first.event, first.site], ["qemu", "CLEAR", "write_protect_page"]);
});

Deno.test("no trace lets hostile names out", () => {
  const run = { ...runs[0], policy: HOSTILE, processes: [{ name: HOSTILE, mm: 0 }] };
  const text = ftraceText([{ scenario: HOSTILE, file: "", run }]);
  // deno-lint-ignore no-control-regex
  assertEquals(text.match(/[\u0000-\u0009\u000b-\u001f\u202e]/g), null);
  JSON.parse(perfettoJson([{ scenario: HOSTILE, file: "", run }]));
});
