import { assertEquals } from "@std/assert";
import type { Demand, Expectation, Matcher } from "../../lib/machine/expectation.ts";
import { HEAD, parse, parseSteps } from "./vocabulary.ts";

function expectations(expect: string): readonly Expectation[] {
  return parseSteps(`    expect: { ${expect} }\n`).steps[0].expect;
}

function demands(expect: string): Demand[] {
  return expectations(expect).map(({ demand }) => demand);
}

const MATCHERS: readonly (readonly [string, Matcher])[] = [
  ["16", { operator: "==", operand: 16 }],
  ['"16"', { operator: "==", operand: 16 }],
  ["-11", { operator: "==", operand: -11 }],
  ['"== 3"', { operator: "==", operand: 3 }],
  ['"!= 3"', { operator: "!=", operand: 3 }],
  ['"> 3"', { operator: ">", operand: 3 }],
  ['">= 3"', { operator: ">=", operand: 3 }],
  ['"< 3"', { operator: "<", operand: 3 }],
  ['"<= 3"', { operator: "<=", operand: 3 }],
  ['">=3 KiB"', { operator: ">=", operand: 3072 }],
  ['"3..5"', { operator: "..", low: 3, high: 5 }],
  ['"${1 + 2} .. ${5}"', { operator: "..", low: 3, high: 5 }],
  ['"<= max(2, 3) * 2"', { operator: "<=", operand: 6 }],
  ['"> guest.windows"', { operator: ">", operand: { name: "guest.windows" } }],
  [
    '"guest.windows - 2 * guest.skipped"',
    {
      operator: "==",
      operand: {
        operator: "-",
        left: { name: "guest.windows" },
        right: { operator: "*", left: 2, right: { name: "guest.skipped" } },
      },
    },
  ],
];

for (const [text, matcher] of MATCHERS) {
  Deno.test(`the matcher ${text} is read`, () => {
    assertEquals(demands(`ret: ${text}`), [{ kind: "ret", matcher }]);
  });
}

const ONE: Matcher = { operator: "==", operand: 1 };
const RAM = { range: { mapping: "ram", firstPage: 0, pages: null } };

const DEMANDS: readonly (readonly [string, readonly Demand[]])[] = [
  ["errno: EAGAIN", [{ kind: "errno", names: ["EAGAIN"] }]],
  ["errno: [EAGAIN, ENOMEM]", [{ kind: "errno", names: ["EAGAIN", "ENOMEM"] }]],
  ["values: { moved: 1 }", [{ kind: "value", name: "moved", matcher: ONE }]],
  ["guest.faults: 1", [{ kind: "figure", name: "guest.faults", matcher: ONE }]],
  ["ksm: { pages_shared: 1, pages_sharing: 1 }", [
    { kind: "figure", name: "ksm.pages_shared", matcher: ONE },
    { kind: "figure", name: "ksm.pages_sharing", matcher: ONE },
  ]],
  ["delta: { guest: { faults: 1 } }", [{ kind: "delta", name: "guest.faults", matcher: ONE }]],
  ["delta: { qemu.rss: 1 }", [{ kind: "delta", name: "qemu.rss", matcher: ONE }]],
  ["events: { CLEAR: 1, windows: 1, change_pte: 1 }", [
    { kind: "events", what: "CLEAR", matcher: ONE },
    { kind: "events", what: "windows", matcher: ONE },
    { kind: "events", what: "change_pte", matcher: ONE },
  ]],
  ["violations: 1", [{ kind: "violations", matcher: ONE }]],
  ["violations: coherence", [
    { kind: "violations", invariant: "coherence", matcher: { operator: ">=", operand: 1 } },
  ]],
  ["violations: { refcount: 1 }", [{ kind: "violations", invariant: "refcount", matcher: ONE }]],
  ["pages: { ram: { soft_dirty: false, mapcount: 1, frames: 1 } }", [
    { kind: "pages", where: RAM, demand: { flag: "soft_dirty", value: false } },
    { kind: "pages", where: RAM, demand: { number: "mapcount", matcher: ONE } },
    { kind: "pages", where: RAM, demand: { distinctFrames: ONE } },
  ]],
  ['pages: { "qemu:ram": { device: { guest: none, nic: rw } } }', [
    {
      kind: "pages",
      where: { process: "qemu", ...RAM },
      demand: { listener: "guest", access: "none" },
    },
    {
      kind: "pages",
      where: { process: "qemu", ...RAM },
      demand: { listener: "nic", access: "rw" },
    },
  ]],
  ['sequence: "S CLEAR ram · ir · E"', [{
    kind: "sequence",
    items: [{ callback: "S", event: "CLEAR", range: RAM }, { callback: "ir" }, { callback: "E" }],
  }]],
  ['sequence: [S UNMAP all, "e [0x1000,0x3000)", rel]', [{
    kind: "sequence",
    items: [
      { callback: "S", event: "UNMAP", range: { start: 0, end: 2 ** 64 } },
      { callback: "e", range: { start: 4096, end: 12288 } },
      { callback: "rel" },
    ],
  }]],
  ["sequence: []", [{ kind: "sequence", items: [] }]],
];

for (const [text, wanted] of DEMANDS) {
  Deno.test(`the expectation { ${text} } is read`, () => {
    assertEquals(demands(text), [...wanted]);
  });
}

Deno.test("an expectation knows its words and its place", () => {
  const [{ text, position }] = expectations('guest: { faults: ">= ${1 + 1}" }');
  assertEquals(text, "guest.faults: >= ${1 + 1}");
  assertEquals(position, { file: "t.yaml", line: 8, column: 24 });
});

Deno.test("a list of expectations can hold for certain kernels and policies", () => {
  const steps = `    expect:
      - when: { kernel: v5.2, policy: [legacy, ideal] }
        ret: 0
      - errno: EAGAIN
`;
  const conditions = parseSteps(steps).steps[0].expect.map(({ when }) => when);
  assertEquals(conditions, [{ kernels: ["v5.2"], policies: ["legacy", "ideal"] }, {}]);
});

Deno.test("a comparison holds a matcher per figure and policy", () => {
  const program = parse(`${HEAD}policies: { mine: {} }
steps: [{ compact: }]
expect:
  compare:
    guest.faults: { legacy: "> mine + 1", mine: 0 }
`);
  const wanted = program.compare.map(({ figure, column, matcher }) => [figure, column, matcher]);
  assertEquals(wanted, [
    ["guest.faults", "legacy", {
      operator: ">",
      operand: { operator: "+", left: { name: "mine" }, right: 1 },
    }],
    ["guest.faults", "mine", { operator: "==", operand: 0 }],
  ]);
});
