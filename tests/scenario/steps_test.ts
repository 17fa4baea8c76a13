import { assertEquals } from "@std/assert";
import { argumentText } from "../../lib/machine/arguments.ts";
import type { ArgumentValue } from "../../lib/machine/spec.ts";
import { labels, parseSteps } from "./vocabulary.ts";

function argument(operation: string, args: string, name: string): ArgumentValue {
  return parseSteps(`  - ${operation}: { ${args} }\n`).steps[1].args[name];
}

Deno.test("a step with repeat is done that often", () => {
  assertEquals(labels("  - repeat: 3\n    compact:\n"), ["compact", "compact", "compact"]);
});

Deno.test("a step repeated zero times is not done", () => {
  assertEquals(labels("  - repeat: 0\n    compact:\n"), []);
});

Deno.test("a loop leaves out its end", () => {
  const steps = '  - for: { var: i, from: 2, to: 5 }\n    ksmd: { full_scans: "${i}" }\n';
  assertEquals(labels(steps), ["ksmd full_scans=2", "ksmd full_scans=3", "ksmd full_scans=4"]);
});

Deno.test("a loop begins at 0 unless told and takes its steps", () => {
  const steps = '  - for: { var: i, to: 5, step: 2 }\n    ksmd: { full_scans: "${i}" }\n';
  assertEquals(labels(steps), ["ksmd full_scans=0", "ksmd full_scans=2", "ksmd full_scans=4"]);
});

Deno.test("a loop takes the values of a list", () => {
  const steps = "  - for: { var: a, in: [MERGEABLE, DONTNEED] }\n" +
    '    madvise: { range: ram, advice: "${a}" }\n';
  assertEquals(labels(steps), [
    "madvise range=ram advice=MERGEABLE",
    "madvise range=ram advice=DONTNEED",
  ]);
});

Deno.test("loops nest, and inner bounds may use outer variables", () => {
  const steps = `  - for: { var: i, to: 3 }
    do:
      - for: { var: j, to: "\${i}" }
        do: [{ write: { range: "ram[\${i * 4 + j}]" } }]
`;
  assertEquals(labels(steps), ["write range=ram[4]", "write range=ram[8]", "write range=ram[9]"]);
});

Deno.test("a loop variable hides a variable of the same name inside the loop only", () => {
  const steps = "  - for: { var: i, to: 1 }\n    do: [{ for: { var: i, in: [7] }, " +
    'ksmd: { full_scans: "${i}" } }, { ksmd: { full_scans: "${i}" } }]\n';
  assertEquals(labels(steps), ["ksmd full_scans=7", "ksmd full_scans=0"]);
});

Deno.test("mappings made in a loop can be named by its variable", () => {
  const steps = `  - for: { var: i, to: 2 }
    mmap: { process: qemu, name: "buffer\${i}", size: 1 page }
  - write: { range: buffer1 }
`;
  assertEquals(labels(steps).at(-1), "write range=buffer1");
});

Deno.test("every pass of a loop has its own expectations", () => {
  const { steps } = parseSteps(
    '  - for: { var: i, to: 2 }\n    compact:\n    expect: { ret: "${i * 10}" }\n',
  );
  const wanted = steps.slice(1).map(({ expect }) => expect[0].demand);
  assertEquals(
    wanted,
    [0, 10].map((operand) => ({
      kind: "ret",
      matcher: { operator: "==", operand },
    })),
  );
});

Deno.test("a step can have a title", () => {
  assertEquals(parseSteps("  - compact:\n    name: Tidy up\n").steps[1].name, "Tidy up");
});

const MMAP = "process: qemu, name: a";
const ARGUMENTS: readonly (readonly [string, string, string, ArgumentValue])[] = [
  ["mmap", `${MMAP}, size: 8192`, "size", 8192],
  ["mmap", `${MMAP}, size: 16 pages`, "size", 65536],
  ["mmap", `${MMAP}, size: 1 page`, "size", 4096],
  ["mmap", `${MMAP}, size: 1.5 MiB`, "size", 1572864],
  ["mmap", `${MMAP}, size: 1GiB`, "size", 2 ** 30],
  ["mmap", `${MMAP}, size: "\${2 pages + 4 KiB}"`, "size", 12288],
  ["mmap", `${MMAP}, size: 4096, at: 0x7f0000000000`, "at", 0x7f0000000000],
  ["mmap", `${MMAP}, size: 4096, at: "0x1000"`, "at", 4096],
  ["mmap", `${MMAP}, size: 4096, populate: true`, "populate", true],
  ["mmap", `${MMAP}, size: 4096, populate: "\${1 < 2}"`, "populate", true],
  ["mmap", `${MMAP}, size: 4096, prot: none`, "prot", "none"],
  ["write", "range: ram, fill: 0", "fill", 0],
  ["write", "range: ram, fill: 255", "fill", 255],
  ["write", "range: ram, fill: random", "fill", "random"],
  ["wait", "time: 20 ms", "time", 20e6],
  ["wait", "time: 1.5 us", "time", 1500],
  ["wait", "time: 3", "time", 3],
  ["ksmd", "full_scans: 0", "full_scans", 0],
];

for (const [operation, args, name, value] of ARGUMENTS) {
  Deno.test(`${operation} reads { ${args} }`, () => {
    assertEquals(argument(operation, args, name), value);
  });
}

const RANGES: readonly (readonly [string, number, number | null])[] = [
  ["ram", 0, null],
  ["ram[3]", 3, 1],
  ["ram[0..8]", 0, 8],
  ["ram[4..]", 4, null],
  ["ram[${1 + 1}..${2 * 2}]", 2, 2],
];

for (const [text, firstPage, pages] of RANGES) {
  Deno.test(`the range ${text} is read`, () => {
    const range = argument("write", `range: "${text}"`, "range");
    assertEquals(range, { mapping: "ram", firstPage, pages });
  });
}

Deno.test("argumentText() writes ranges as they are read", () => {
  for (const text of ["ram", "ram[3]", "ram[0..8]", "ram[4..]"]) {
    assertEquals(argumentText(argument("write", `range: "${text}"`, "range")), text);
  }
});
