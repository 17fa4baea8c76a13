import { assertEquals } from "@std/assert";
import { check } from "./vocabulary.ts";

const NAP = "steps:\n  - wait: { time: 1 }\n    repeat: ";

function first(source: string): (string | number | undefined)[] {
  const [found] = check(source);
  return found === undefined ? [] : [found.message, found.line, found.column, found.hint];
}

for (
  const [name, source, message, line, column, raised] of [
    [
      "steps",
      `name: t\n${NAP}90000\n  - compact:\n    repeat: 90000\n`,
      "Too many steps after expansion of loops: the limit is 100000",
      7,
      5,
      200000,
    ],
    [
      "loop",
      `name: t\n${NAP}100001\n`,
      "Loop has 100001 passes: the limit is 100000",
      5,
      13,
      100001,
    ],
    [
      "loop",
      "name: t\nsteps:\n  - wait: { time: 1 }\n    for: { var: i, to: 100001 }\n",
      "Loop has 100001 passes: the limit is 100000",
      5,
      5,
      100001,
    ],
    [
      "file_size",
      `name: t\n${NAP}1\n#${" ".repeat(2 ** 20)}\n`,
      "File has 1048621 characters: the limit is 1048576",
      1,
      1,
      "2 MiB",
    ],
    [
      "depth",
      `name: t\n${NAP}1\n# \nabout: ${"[".repeat(40)}${"]".repeat(40)}\n`,
      "Lists and maps are nested too deeply: the limit is 32 levels",
      7,
      40,
      64,
    ],
    [
      "memory",
      `name: t\nmachine: { memory: 65 GiB }\n${NAP}1\n`,
      "Machine has 69793218560 bytes of memory: the limit is 68719476736",
      3,
      10,
      "65 GiB",
    ],
    [
      "cells",
      `name: t\nmatrix: { a: [${Array.from({ length: 300 }, (_, at) => at)}] }\n${NAP}1\n`,
      "Matrix has 300 cells: the limit is 256",
      3,
      9,
      300,
    ],
  ] as const
) {
  Deno.test(`the limit ${name} is kept and can be raised: ${message.slice(0, 30)}`, () => {
    const usual = first(`# limits\n${source}`);
    assertEquals(
      String(usual[0]).replace(/has \d{7} characters/, "has 1048621 characters"),
      message,
    );
    assertEquals(
      String(usual[3]).startsWith(`Raise it with limits: { ${name}: ... }, up to`),
      true,
    );
    if (name !== "file_size") assertEquals([usual[1], usual[2]], [line, column]);
    const again = first(`limits: { ${name}: ${raised} }\n${source}`);
    assertEquals(again[0] === message, false, String(again[0]));
    if (name !== "depth" && name !== "loop") assertEquals(again, []);
  });
}

for (
  const [source, message, column, hint] of [
    ["limits: { stesp: 3 }\n", 'Unknown key "stesp" in limits', 11, 'Did you mean "steps"?'],
    ["limits: { steps: 1e99 }\n", 'Expected a number from 1 to 1000000, got "1e99"', 18],
    ["limits: { steps: [1] }\n", "Expected a number from 1 to 1000000, got a list", 18],
    ["limits: 3\n", "Expected a map of limits, got 3", 9],
    [
      "limits:\n  steps: 200000\n",
      'Limit "steps" comes too late',
      10,
      "Write limits: { steps: 200000 } on one line near the beginning of the file",
    ],
  ] as const
) {
  Deno.test(`limits are refused: ${message}`, () => {
    const found = first(`${source}name: t\n${NAP}1\n`);
    assertEquals([found[0], found[2]], [message, column]);
    if (hint !== undefined) assertEquals(found[3], hint);
  });
}
