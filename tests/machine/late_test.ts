import { assertEquals, assertThrows } from "@std/assert";
import { comparePolicies } from "../../lib/compare/compare.ts";
import { LateError } from "../../lib/machine/late.ts";
import { runProgram, type RunResult } from "../../lib/machine/run.ts";
import { Session } from "../../lib/repl/session.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";
import { scenarioText } from "../../lib/scenario/write.ts";

const HEAD = `name: t
processes: { p: {} }
listeners: { guest: { kind: kvm, process: p } }
vars: { pages: 8 }
steps:
  - mmap: { process: p, name: ram, size: "\${pages} pages" }
    capture: { place: ret }
  - memslot: { listener: guest, range: ram }
  - guest_write: { listener: guest, range: ram, fill: same }
    capture: { before: guest.faults }
`;

function run(steps: string): RunResult {
  return runProgram(parseScenario(HEAD + steps, { file: "t.yaml" }));
}

function messages(steps: string): string[] {
  return run(steps).failures.map(({ message }) => message);
}

/** What was carried out of the steps after the head. */
function done(steps: string): string[] {
  return run(steps).steps.slice(3).filter(({ skipped }) => !skipped).map(({ label }) => label);
}

for (
  const [capture, expectation] of [
    ["place", "place == ret"],
    ["{ a: ret }", "a == 0"],
    ["{ a: guest.faults * 2 }", "a == 16"],
    ["{ a: before + pages }", "a == 16"],
    ["{ a: 3 }", "a == 3"],
    ["{ a: { address: 'ram[1]' } }", "a == place + 4096"],
    ["{ a: { frame: ram } }", "a > 0"],
    ["{ a: { mapcount: 'p:ram[2]' } }", "a == 1"],
    ["{ a: guest.faults > 3 }", "a"],
  ]
) {
  Deno.test(`capture: ${capture} makes ${expectation} true`, () => {
    const steps = `  - wait: { time: 1 }\n    capture: ${capture}\n`;
    const expect = expectation.includes("ret")
      ? `    expect: { that: "${expectation}" }\n`
      : `expect: { that: "${expectation}" }\n`;
    assertEquals(messages(steps + expect), []);
  });
}

Deno.test("a capture is there for the expectations of its own step, and is replaced by a later one", () => {
  const steps = "  - guest_read: { listener: guest, range: ram }\n" +
    "    capture: { n: guest.faults }\n    expect: { guest.faults: n, delta: { guest.faults: n - before } }\n" +
    "  - madvise: { range: ram, advice: DONTNEED }\n" +
    "  - guest_read: { listener: guest, range: ram }\n    capture: { n: guest.faults }\n" +
    "expect: { that: n == 16 }\n";
  assertEquals(messages(steps), []);
});

Deno.test("arguments take captures, with variables beside them", () => {
  assertEquals(
    done(
      '  - mmap: { process: p, name: b, size: "${before + pages} pages", address: "${place + 1 MiB}" }\n' +
        '  - write: { range: "b[${before}..${pages + 4}]", value: "${before}" }\n',
    ).map((label) => label.replace(/=\d{9,}/, "=high")),
    [
      "mmap process=p name=b size=65536 prot=rw shared=false pgoff=0 address=high populate=false hugetlb=false",
      "write range=b[8..12] value=8",
    ],
  );
});

Deno.test("a condition over figures is asked while running", () => {
  const steps = "  - wait: { time: 1 }\n    if: guest.faults > 3\n" +
    "  - wait: { time: 2 }\n    if: before < pages\n  - wait: { time: 3 }\n    if: before == pages && pages > 3\n";
  assertEquals(done(steps), ["wait time=1", "wait time=3"]);
});

Deno.test("a condition of several steps is asked once, before the first", () => {
  const steps = "  - if: machine.time_ns > 0 && guest.dropped == 0\n    do:\n" +
    "      - madvise: { range: ram, advice: DONTNEED }\n      - wait: { time: 5 }\n" +
    "  - if: guest.dropped == 0\n    do: [{ wait: { time: 6 } }, { wait: { time: 7 } }]\n";
  assertEquals(done(steps), ["madvise range=ram advice=DONTNEED", "wait time=5"]);
});

Deno.test("a loop ends after the pass in which its condition comes true", () => {
  const steps = "  - madvise: { range: ram, advice: MERGEABLE }\n" +
    "  - ksmd: { full_scans: 1 }\n    until: ksm.pages_sharing == pages - 1\n    repeat: 9\n";
  assertEquals(done(steps).length, 3);
});

Deno.test("the condition of a loop may use its variable and what its pass captures", () => {
  const steps = "  - for: { var: i, from: 1, to: 9 }\n    until: seen + i >= 6\n    do:\n" +
    '      - wait: { time: "${i}" }\n        capture: { seen: "2 * i" }\n';
  assertEquals(done(steps), ["wait time=1", "wait time=2"]);
});

Deno.test("a loop within a loop begins anew in each pass", () => {
  const steps = "  - wait: { time: 0 }\n    capture: { n: 0 }\n  - repeat: 2\n    do:\n" +
    "      - wait: { time: 7 }\n        capture: { n: n + 1 }\n        until: n % 3 == 0\n";
  assertEquals(done(steps).length, 1 + 3 + 3);
});

Deno.test("a loop whose condition never comes true fails with the values of its parts", () => {
  const { failures: [failure], steps } = run(
    "  - wait: { time: 1 }\n    until: guest.faults > before + 1\n    repeat: 3\n",
  );
  assertEquals(steps.length, 6);
  assertEquals(
    failure.message,
    "until: expected guest.faults > before + 1 within 3 passes, got false",
  );
  assertEquals(failure.position, { file: "t.yaml", line: 12, column: 12 });
  assertEquals(failure.details, [
    "guest.faults > before + 1 => false",
    "├─ guest.faults => 8",
    "└─ before + 1 => 9",
    "   └─ before => 8",
  ]);
});

for (
  const [loop, passes, hint] of [
    [
      "",
      100,
      "Write repeat or for beside until, with the number of passes: it is 100 where there is none",
    ],
    [
      "    repeat: 3\n",
      3,
      '"repeat" sets this limit: let it give more passes if the loop needs them',
    ],
    [
      "    for: { var: i, to: 5 }\n",
      5,
      '"to" sets this limit: let it give more passes if the loop needs them',
    ],
    [
      "    for: { var: i, in: [2, 4] }\n",
      2,
      '"in" sets this limit: let it give more passes if the loop needs them',
    ],
  ] as const
) {
  Deno.test(`a loop of ${passes} passes that did not end says what raises that limit`, () => {
    const { failures } = run(`  - wait: { time: 1 }\n    until: guest.faults > 99\n${loop}`);
    assertEquals(failures.map(({ message, hint }) => [message, hint]), [
      [`until: expected guest.faults > 99 within ${passes} passes, got false`, hint],
    ]);
  });
}

Deno.test("a loop behind a condition that does not hold is not waited for", () => {
  const steps = "  - if: guest.faults > 100\n    do:\n" +
    "      - wait: { time: 1 }\n        until: guest.faults > 200\n        repeat: 3\n";
  assertEquals([messages(steps), done(steps)], [[], []]);
});

Deno.test("deferred steps come last, in reverse, and also after a failure", () => {
  const steps = "  - wait: { time: 1 }\n    defer: true\n" +
    "  - defer: true\n    do: [{ wait: { time: 2 } }, { wait: { time: 3 } }]\n" +
    "  - wait: { time: 4 }\n    expect: { ret: 7 }\n" +
    '  - wait: { time: "${i}" }\n    defer: true\n    for: { var: i, from: 5, to: 7 }\n';
  assertEquals(done(steps), [4, 6, 5, 2, 3, 1].map((time) => `wait time=${time}`));
  assertEquals(messages(steps), ["ret: expected 7, got 0"]);
});

Deno.test("steps during an interruption take part in captures and conditions", () => {
  const steps = `  - madvise: { range: "ram[0]", advice: DONTNEED }
    during:
      at: window_open
      do:
        - wait: { time: 1 }
          capture: { seen: guest.windows }
        - wait: { time: 2 }
          if: seen > 100
        - wait: { time: "\${seen + 3}" }
          expect: { that: seen == 1 }
expect: { that: seen == 1 }
`;
  assertEquals(messages(steps), []);
});

Deno.test("an expression that does not hold shows what its parts come to", () => {
  const { failures: [failure] } = run(
    "  - wait: { time: 1 }\n    expect: { that: [ret == 0, 'min(before, 9) == 9 || !(ret == 0)'] }\n",
  );
  assertEquals(failure.position?.column, 32);
  assertEquals(failure.details, [
    "min(before, 9) == 9 || !(ret == 0) => false",
    "├─ min(before, 9) == 9 => false",
    "│  └─ min(before, 9) => 8",
    "│     └─ before => 8",
    "└─ !(ret == 0) => false",
    "   └─ ret == 0 => true",
    "      └─ ret => 0",
  ]);
});

for (
  const [name, steps, message, line, column] of [
    [
      "a capture of a step that was left out",
      "  - wait: { time: 1 }\n    if: guest.faults > 100\n    capture: { x: ret }\n" +
      '  - wait: { time: "${x}" }\n',
      'Unknown variable "x"',
      14,
      22,
    ],
    [
      "a size that is no size",
      '  - mmap: { process: p, name: b, size: "${before}" }\n',
      "Expected a multiple of 4096, got 8",
      11,
      40,
    ],
    [
      "a condition that is a number",
      "  - wait: { time: 1 }\n    if: before + 1\n",
      'Expected true or false of "before + 1", got 9',
      11,
      5,
    ],
    [
      "a page that is not mapped",
      "  - munmap: { range: ram }\n  - wait: { time: 1 }\n    capture: { x: { content: ram } }\n",
      'Cannot capture "x": nothing is mapped there',
      13,
      16,
    ],
  ] as const
) {
  Deno.test(`a run stops at ${name}, with its place`, () => {
    const error = assertThrows(() => run(steps), LateError, message);
    assertEquals([error.position?.line, error.position?.column], [line, column]);
  });
}

const DYNAMIC = "  - madvise: { range: ram, advice: MERGEABLE }\n" +
  "  - ksmd: { full_scans: 1 }\n    until: ksm.pages_sharing == pages - 1\n    repeat: 5\n" +
  '  - guest_read: { listener: guest, range: "ram[0..${before - 2}]" }\n' +
  "    if: guest.windows > 0\n    capture: { reads: guest.read_faults }\n";

Deno.test("a session goes back and forth over captures and conditions", () => {
  const program = parseScenario(HEAD + DYNAMIC);
  const session = new Session(program);
  const end = session.steps.length;
  session.goto(end);
  const captures = [...session.machine.captures];
  for (const tick of [3, end - 1, 0, end]) session.goto(tick);
  assertEquals([...session.machine.captures], captures);
  assertEquals(session.machine.captures.get("reads"), 6);
});

Deno.test("a written program does what it did, captures and conditions included", () => {
  const program = parseScenario(HEAD + DYNAMIC);
  const again = parseScenario(scenarioText(program));
  const [one, other] = [runProgram(program), runProgram(again)];
  assertEquals(other.figures, one.figures);
  const words = ({ steps }: RunResult) => steps.map(({ label }) => label.split(" ")[0]);
  assertEquals(words(other), words(one));
});

Deno.test("each policy has captures of its own", () => {
  const program = parseScenario(
    `${HEAD}  - madvise: { range: ram, advice: MERGEABLE }\n  - ksmd: { full_scans: 2 }\n` +
      "  - guest_read: { listener: guest, range: ram }\n    capture: { n: guest.read_faults }\n" +
      "expect:\n  - { when: { policy: legacy }, that: n == 8 }\n" +
      "  - { when: { policy: ideal }, that: n == 0 }\n",
  );
  assertEquals(comparePolicies(program, { kernel: "v5-series" }).passed, true);
});
