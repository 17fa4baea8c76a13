import { assertEquals } from "@std/assert";
import { indent, layout, wrap } from "../../lib/report/layout.ts";
import { COUNTER_MEANINGS } from "../../lib/report/counters_text.ts";
import { newCounters } from "../../lib/listeners/counters.ts";
import { ANSI, PLAIN } from "../../lib/report/palette.ts";

Deno.test("layout() pads by visible characters and colours afterwards", () => {
  const rows = [
    [{ text: "a", paint: ANSI.red }, { text: "1" }, { text: "x" }],
    [{ text: "bbb" }, { text: "22" }, { text: "" }],
  ];
  assertEquals(layout(rows, [1]), ["\x1b[31ma\x1b[39m     1  x", "bbb  22"]);
});

Deno.test("layout() of nothing is nothing", () => assertEquals(layout([], []), []));

Deno.test("wrap() breaks between words and keeps long ones whole", () => {
  assertEquals(wrap("  one two\n three ", 7), ["one two", "three"]);
  assertEquals(wrap("a incomprehensible b", 5), ["a", "incomprehensible", "b"]);
  assertEquals(wrap(" ", 5), []);
});

Deno.test("indent() leaves empty lines empty", () => {
  assertEquals(indent(["a", "", "b"], 2), ["  a", "", "  b"]);
});

Deno.test("a palette changes no visible character", () => {
  for (const name of ["bold", "dim", "red", "green", "yellow"] as const) {
    // deno-lint-ignore no-control-regex
    assertEquals(ANSI[name]("text").replace(/\x1b\[\d+m/g, ""), "text");
    assertEquals([ANSI[name](""), PLAIN[name]("text")], ["", "text"]);
  }
});

Deno.test("every counter has a meaning, in the order of the counters", () => {
  assertEquals(Object.keys(COUNTER_MEANINGS), Object.keys(newCounters()));
});
