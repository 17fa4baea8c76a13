import { assertEquals } from "@std/assert";
import { drain, type Operation } from "../../lib/kernel/operation.ts";
import { Host } from "../../lib/mm/host.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import {
  changeInWindow,
  insideWindow,
  mmuNotifierInvalidateRangeOnlyEnd,
} from "../../lib/notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit } from "../../lib/notifier/range.ts";

/** A process with a listener that writes down what it is told. */
function listening() {
  const mm = new Host({ memory: 1 << 20 }).createMm("p");
  const calls: string[] = [];
  mmuNotifierRegister({
    name: "log",
    invalidateRangeStart: () => (calls.push("start"), 0),
    invalidateRange: () => void calls.push("invalidate_range"),
    invalidateRangeEnd: () => void calls.push("end"),
  }, mm);
  return { calls, range: mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, null, mm, 0, 0x1000) };
}

Deno.test("a change runs between start and end, and others may run before it and after", () => {
  const { calls, range } = listening();
  const operation = changeInWindow(range, () => calls.push("change"));
  const points = [...operation];
  assertEquals(points, ["window_open", "window_closed"]);
  assertEquals(calls, ["start", "change", "invalidate_range", "end"]);
});

Deno.test("a change that sends invalidate_range itself closes without another", () => {
  const { calls, range } = listening();
  drain(changeInWindow(range, () => calls.push("change"), mmuNotifierInvalidateRangeOnlyEnd));
  assertEquals(calls, ["start", "change", "end"]);
});

Deno.test("an operation in a window begins once it is open and keeps its own interruptions", () => {
  const { calls, range } = listening();
  const operation = insideWindow(range, twoTables(calls));
  const points = [...operation];
  assertEquals(points, ["window_open", "ptl_dropped", "window_closed"]);
  assertEquals(calls, ["start", "first", "second", "invalidate_range", "end"]);
});

Deno.test("what was done inside a window is its result", () => {
  const { calls, range } = listening();
  assertEquals(drain(insideWindow(range, twoTables(calls))), 2);
  assertEquals(drain(changeInWindow(range, () => 3)), 3);
});

function* twoTables(calls: string[]): Operation<number> {
  calls.push("first");
  yield "ptl_dropped";
  calls.push("second");
  return 2;
}
