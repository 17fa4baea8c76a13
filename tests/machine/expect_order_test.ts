import { assertEquals } from "@std/assert";
import { diffLines } from "../../lib/machine/sequence_diff.ts";
import { runProgram } from "../../lib/machine/run.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

const HEAD = `name: t
processes: { p: {} }
listeners: { guest: { kind: kvm, process: p } }
steps:
  - mmap: { process: p, name: ram, size: 8 pages }
  - memslot: { listener: guest, range: ram }
  - guest_write: { listener: guest, range: ram }
  - mprotect: { range: "ram[0..4]", prot: r }
  - if: true
    do:
      - mlock: { range: "ram[4..8]" }
`;

function failures(expect: string) {
  return runProgram(parseScenario(`${HEAD}expect: ${expect}\n`)).failures;
}

function messages(expect: string): string[] {
  return failures(expect).map(({ message }) => message);
}

for (
  const expect of [
    "{ unordered: 'E · S PROTECTION_VMA ram[0..4]' }",
    "{ unordered: 'E ram[0..4] · S' }",
    "{ subsequence: 'E' }",
    "{ subsequence: 'S · E' }",
    "{ vmas: { ram: { count: 2 }, 'ram[0..4]': { count: 1, prot: r, locked: false } } }",
    "{ vmas: { 'p:ram[4..8]': { prot: rw, locked: true, shared: false, mergeable: false } } }",
  ]
) {
  Deno.test(`it holds that ${expect}`, () => assertEquals(messages(expect), []));
}

for (
  const [expect, message] of [
    [
      "{ unordered: 'S CLEAR · E' }",
      "unordered, S CLEAR: expected S CLEAR · E, got S PROTECTION_VMA ram[0..4] · " +
      "E PROTECTION_VMA ram[0..4]",
    ],
    [
      "{ unordered: 'S' }",
      "unordered, 2 callbacks in place of 1: expected S, got S PROTECTION_VMA ram[0..4] · " +
      "E PROTECTION_VMA ram[0..4]",
    ],
    [
      "{ subsequence: 'E · S' }",
      "subsequence, S: expected E · S, got S PROTECTION_VMA ram[0..4] · E PROTECTION_VMA ram[0..4]",
    ],
    ["{ vmas: { ram: { prot: r } } }", "prot of vmas of ram, at page 4: expected r, got rw"],
    ["{ vmas: { ram: { count: '> 2' } } }", "number of vmas of ram: expected > 2, got 2"],
    [
      "{ vmas: { ram: { locked: true } } }",
      "locked of vmas of ram, at page 0: expected true, got false",
    ],
  ]
) {
  Deno.test(`it does not hold that ${expect}`, () => assertEquals(messages(expect), [message]));
}

Deno.test("a sequence that differs is shown line by line", () => {
  const [failure] = failures("{ sequence: 'S CLEAR ram · E' }");
  assertEquals(failure.diff, [
    "- S CLEAR ram",
    "+ S PROTECTION_VMA ram[0..4]",
    "  E PROTECTION_VMA ram[0..4]",
  ]);
});

Deno.test("diffLines() keeps the longest common part and cuts long sequences", () => {
  const diff = (one: string, other: string) =>
    diffLines([...one], [...other], (at, to) => one[at] === other[to]).join("|");
  assertEquals(diff("abc", "abc"), "  a|  b|  c");
  assertEquals(diff("abc", ""), "- a|- b|- c");
  assertEquals(diff("", "ab"), "+ a|+ b");
  assertEquals(diff("abcd", "bxd"), "- a|  b|- c|+ x|  d");
  const long = diffLines(new Array(150).fill("x"), new Array(120).fill("x"), () => true);
  assertEquals([long.length, long.at(-1)], [101, "  and up to 50 more"]);
});
