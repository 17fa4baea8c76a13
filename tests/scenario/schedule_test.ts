import { assertEquals } from "@std/assert";
import type { Step } from "../../lib/machine/program.ts";
import { runProgram } from "../../lib/machine/run.ts";
import { checkScenario, parseScenario } from "../../lib/scenario/scenario.ts";
import { scenarioText } from "../../lib/scenario/write.ts";
import { checkSteps, HEAD, MAPPING, parseSteps } from "./vocabulary.ts";

const ACTORS = `  - actors:
      a: [{ wait: { time: 1 } }, { wait: { time: 2 } }]
      b: [{ wait: { time: 10 } }]
      c: [{ wait: { time: 20 }, repeat: 2 }]
`;

function text({ actor, args, during = [] }: Step): string {
  const inner = during.map(({ at, nth, steps }) => `@${at}:${nth}(${steps.map(text).join(" ")})`);
  return `${actor}${args.time}${inner.join("")}`;
}

function order(steps: string): string {
  return parseSteps(steps).steps.slice(1).map(text).join(" ");
}

for (
  const [schedule, wanted] of [
    ["a b a c c", "a1 b10 a2 c20 c20"],
    ["c", "c20 a1 a2 b10 c20"],
    ["''", "a1 a2 b10 c20 c20"],
    ["a@window_open(b c) a", "a1@window_open:1(b10 c20) a2 c20"],
    ["b@window_closed:2(a@ptl_dropped(c))", "b10@window_closed:2(a1@ptl_dropped:1(c20)) a2 c20"],
    ["a @ window_open ( b )c", "a1@window_open:1(b10) c20 a2 c20"],
  ]
) {
  Deno.test(`the schedule ${schedule} is followed`, () => {
    assertEquals(order(`${ACTORS}    schedule: ${schedule}\n`), wanted);
  });
}

Deno.test("without a schedule the seed decides, the same way every time", () => {
  const source = (seed: number) => `name: t\nmachine: { seed: ${seed} }\nsteps:\n${ACTORS}`;
  const of = (seed: number, options = {}) =>
    parseScenario(source(seed), options).steps.map(text).join(" ");
  assertEquals(of(5), of(5));
  assertEquals(of(1, { seed: 5 }), of(5));
  const orders = new Set(Array.from({ length: 20 }, (_, seed) => of(seed)));
  assertEquals(orders.size > 10, true);
});

Deno.test("no step is lost or doubled, whatever the seed", () => {
  for (let seed = 0; seed < 50; seed++) {
    const { steps } = parseScenario(`name: t\nsteps:\n${ACTORS}`, { seed });
    const times = steps.map(text).join(" ").match(/[abc]\d+/g)?.sort();
    assertEquals(times, ["a1", "a2", "b10", "c20", "c20"]);
  }
});

Deno.test("each actor keeps the order of its own steps", () => {
  for (let seed = 0; seed < 50; seed++) {
    const { steps } = parseScenario(`name: t\nsteps:\n${ACTORS}`, { seed });
    const own = steps.map(text).join(" ").match(/a\d+/g);
    assertEquals(own, ["a1", "a2"]);
  }
});

Deno.test("steps whose point never comes are done after the operation", () => {
  const source = `name: t\nsteps:\n${ACTORS}    schedule: a@window_open(b c) c a\n`;
  assertEquals(runProgram(parseScenario(source)).figures["machine.time_ns"], 1 + 2 + 10 + 20 + 20);
});

Deno.test("the interruption of a step that is interrupting is done too", () => {
  const source = `name: t\nsteps:\n${ACTORS}    schedule: a@window_open(b@window_open(c))\n`;
  assertEquals(runProgram(parseScenario(source)).figures["machine.time_ns"], 53);
});

Deno.test("names that one actor introduces are unknown to the others until all have ended", () => {
  const steps = `  - actors:
      a: [{ mmap: { process: qemu, name: own, size: 4 pages } }, { write: { range: own, fill: 1 } }]
      b: [{ write: { range: "RANGE", fill: 1 } }]
  - write: { range: own, fill: 2 }
`;
  assertEquals(checkSteps(steps.replace("RANGE", "ram")), []);
  assertEquals(checkSteps(steps.replace("RANGE", "own"))[0].message, 'Unknown mapping "own"');
});

Deno.test("deferred steps of actors come at the end", () => {
  const steps =
    "  - actors:\n      a: [{ wait: { time: 1 }, defer: true }, { wait: { time: 2 } }]\n" +
    "  - wait: { time: 3 }\n";
  assertEquals(parseSteps(steps).steps.slice(1).map(({ args }) => args.time), [2, 3, 1]);
});

Deno.test("a written program interleaves as the first one", () => {
  const program = parseScenario(`name: t\nsteps:\n${ACTORS}    schedule: a@window_open(b c)\n`);
  const again = parseScenario(scenarioText(program));
  assertEquals(runProgram(again).figures, runProgram(program).figures);
});

for (
  const [schedule, message, column, hint] of [
    ["a d", 'Unknown actor "d"', 17, 'Did you mean "a"?'],
    ["a a a", 'Actor "a" has no step left', 19],
    ["a@window_opne(b)", 'Unknown point "window_opne"', 17, 'Did you mean "window_open"?'],
    ["a@window_open(a)", 'Actor "a" cannot go on here: its own step is interrupted', 29],
    ["a@window_open", 'Expected "(" and the turns of others, got the end of the schedule', 28],
    ["a@window_open(b", 'Expected ")", got the end of the schedule', 30],
    ["a )", 'Expected the name of an actor, got ")"', 17],
    ["a + b", 'Expected the name of an actor, got "+"', 17],
    ["a@", "Expected a point, got the end of the schedule", 17],
  ] as const
) {
  Deno.test(`the schedule ${schedule} is refused`, () => {
    const [found] = checkSteps(`${ACTORS}    schedule: ${schedule}\n`);
    assertEquals([found.message, found.column], [message, column]);
    if (hint !== undefined) assertEquals(found.hint, hint);
  });
}

for (
  const [steps, message] of [
    ["  - actors: [a]\n", "Expected a map of actors, got a list"],
    ["  - actors: { a: [] }\n", "Expected a list of steps, got an empty list"],
    ["  - actors: { 1a: [{ compact: }] }\n", 'Expected a name for a actor, got "1a"'],
    ["  - actors: { a: [{ wiat: }] }\n", 'Unknown operation or key "wiat" in a step'],
    [
      "  - actors: { a: [{ compact: }] }\n    expect: { ret: 0 }\n",
      'Unexpected key "expect" beside "actors"',
    ],
    ["  - actors: { a: [{ compact: }] }\n    schedule: [a]\n", "Expected a schedule such as"],
  ] as const
) {
  Deno.test(`actors are refused: ${message}`, () => {
    assertEquals(checkSteps(steps)[0].message.slice(0, message.length), message);
  });
}

Deno.test("a mistake of an actor is reported at its place", () => {
  const source =
    `${HEAD}steps:\n${MAPPING}  - actors:\n      a:\n        - write: { range: rom }\n`;
  const { diagnostics: [found] } = checkScenario(source);
  assertEquals([found.line, found.column], [10, 27]);
});
