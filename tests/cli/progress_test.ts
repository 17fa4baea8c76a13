import { assertEquals } from "@std/assert";
import { newProgress } from "../../lib/cli/progress.ts";
import { keptStream } from "./fake_streams.ts";

const ERASE = "\r\x1b[K";

Deno.test("newProgress() writes after a second, then ten times a second, and cleans up", () => {
  const stream = keptStream(true);
  let now = 0;
  const progress = newProgress(stream, () => now);
  for (
    const [time, text] of [[0, "a"], [999, "b"], [1000, "c"], [1099, "d"], [1100, "e"]] as const
  ) {
    now = time;
    progress.update(() => text);
  }
  progress.done();
  progress.done();
  assertEquals(stream.text, `${ERASE}c${ERASE}e${ERASE}`);
});

Deno.test("newProgress() writes nothing where it is quick or there is no terminal", () => {
  for (const isTerminal of [true, false]) {
    const stream = keptStream(isTerminal);
    let now = 0;
    const progress = newProgress(stream, () => now);
    now = isTerminal ? 500 : 5000;
    progress.update(() => "a");
    progress.done();
    assertEquals(stream.text, "");
  }
});

Deno.test("newProgress() escapes and cuts", () => {
  const stream = keptStream(true);
  let now = 0;
  const progress = newProgress(stream, () => now);
  now = 2000;
  progress.update(() => "\x1b" + "x".repeat(100));
  assertEquals(stream.text, `${ERASE}\\x1b${"x".repeat(74)}`);
});

Deno.test("newProgress() stays on one line of a narrow terminal", () => {
  const stream = Object.assign(keptStream(true), { width: 40 });
  let now = 0;
  const progress = newProgress(stream, () => now);
  now = 2000;
  progress.update(() => "x".repeat(100));
  assertEquals(stream.text, `${ERASE}${"x".repeat(38)}`);
});
