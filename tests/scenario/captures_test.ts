import { assertEquals } from "@std/assert";
import { expressionText } from "../../lib/machine/expression_text.ts";
import { parseExpression } from "../../lib/scenario/expression_parser.ts";
import { check, checkSteps, HEAD, MAPPING, parseSteps } from "./vocabulary.ts";

for (
  const [steps, message, line, column, hint] of [
    ["  - compact:\n    capture: 1x\n", 'Expected a name for a capture, got "1x"', 2, 14],
    ["  - compact:\n    capture: [a]\n", "Expected a name or a map of names, got a list", 2, 14],
    ["  - compact:\n    capture: { a: }\n", "Expected an expression", 2, 18],
    ["  - compact:\n    capture: { a: b + 1 }\n", 'Unknown variable "b"', 2, 19],
    [
      "  - compact:\n    capture: { a: guest.fauls }\n",
      'Unknown figure of "guest": "fauls"',
      2,
      19,
      "faults",
    ],
    [
      "  - compact:\n    capture: { a: { adress: ram } }\n",
      'Unknown fact "adress" of a page',
      2,
      21,
      "address",
    ],
    ["  - compact:\n    capture: { a: { address: rom } }\n", 'Unknown mapping "rom"', 2, 30, "ram"],
    ["  - compact:\n    capture: { a: {} }\n", "Expected one of address, frame", 2, 19],
    ["  - compact:\n    capture: ret\n", 'Name "ret" is taken', 2, 14],
    [
      '  - wait: { time: "${moved}" }\n  - compact:\n    capture: { moved: ret }\n',
      'Unknown variable "moved"',
      1,
      22,
    ],
    [
      "  - compact:\n    capture: a\n  - write: { range: ram, fill: 1, vaule: '${a}' }\n",
      'Unknown key "vaule" in operation "write"',
      3,
      35,
    ],
    ["  - compact:\n    expect: { that: ret + 1 }\n", undefined],
    ["  - compact:\n    capture: { n: values.moved }\n", undefined],
    [
      "  - compact:\n    capture: { n: values.mooved + 1 }\n",
      'Unknown value of "compact": "mooved"',
      2,
      19,
      "moved",
    ],
    [
      "  - compact:\n    expect: { that: ret == 0 && values.faild > 1 }\n",
      'Unknown value of "compact": "faild"',
      2,
      33,
      "failed",
    ],
    [
      "  - compact:\n    expect: { values: { moved: 1, mved: 2 } }\n",
      'Unknown value of "compact": "mved"',
      2,
      35,
      "moved",
    ],
    [
      "  - wait: { time: 1 }\n    expect: { values: { moved: 1 } }\n",
      '"wait" gives back no values, only "ret"',
      2,
      25,
    ],
    ["  - compact:\n    expect: { that: 1 + 1 }\n", 'Expected true or false, got "2"', 2, 21],
    ["  - compact:\n    expect: { that: gest.faults > 1 }\n", "Unknown", 2, 21, "guest"],
    ["  - compact:\n    expect: { that: [[1]] }\n", "Expected an expression such as", 2, 22],
    ["  - compact:\n    if: ret == 0\n", 'Unknown variable "ret"', 2, 9],
    [
      "  - compact:\n    until: 1 > 2\n    repeat: 3\n",
      "Condition is not true after 3 passes",
      2,
      12,
    ],
    [
      "  - compact:\n    until: guest.falts > 2\n",
      'Unknown figure of "guest": "falts"',
      2,
      12,
      "faults",
    ],
    ["  - compact:\n    defer: maybe\n", 'Expected true or false, got "maybe"', 2, 12],
  ] as const
) {
  Deno.test(`${steps.trim().replaceAll("\n", " ")} is checked`, () => {
    const [found] = checkSteps(steps);
    if (message === undefined) return assertEquals(found, undefined);
    const first = HEAD.split("\n").length + MAPPING.split("\n").length - 1;
    assertEquals([found.message.slice(0, message.length), found.line - first, found.column], [
      message,
      line,
      column,
    ]);
    if (hint !== undefined) assertEquals(found.hint?.includes(hint), true, found.hint);
  });
}

Deno.test("a capture cannot have the name of a variable", () => {
  const [found] = check("name: t\nvars: { a: 1 }\nsteps:\n  - compact:\n    capture: a\n");
  assertEquals([found.message, found.line, found.column], [
    'Name "a" is taken: it is a variable',
    5,
    14,
  ]);
});

Deno.test("a loop with a condition that is known makes as many passes as it needs", () => {
  const steps = '  - wait: { time: "${i}" }\n    for: { var: i, to: 9 }\n    until: i == 2\n';
  assertEquals(parseSteps(steps).steps.length, 4);
});

for (
  const text of [
    "a - (b - c)",
    "a - b - c",
    "(a + b) * c",
    "-(a + b) * 2",
    "!(a && b) || c",
    "a ? b : c ? d : e",
    "(a ? b : c) + 1",
    "(a < b) == c",
    "min(a, b + 1, 'x')",
    "a - -3",
  ]
) {
  Deno.test(`expressionText() writes ${text} as it is`, () => {
    assertEquals(expressionText(parseExpression(text)), text);
  });
}
