import { assertEquals } from "@std/assert";
import { check, checkSteps, HEAD, labels, MAPPING, parse } from "./vocabulary.ts";

Deno.test("a step whose condition does not hold is no part of the scenario", () => {
  assertEquals(labels("  - { compact: , if: 1 > 2 }\n  - { compact: , if: true }\n"), ["compact"]);
});

Deno.test("a condition is asked in every pass of a loop", () => {
  const steps = '  - wait: { time: "${i}" }\n    if: i % 2 == 1\n    for: { var: i, to: 4 }\n';
  assertEquals(labels(steps), ["wait time=1", "wait time=3"]);
});

Deno.test("a condition may stand beside a list of steps", () => {
  const source = `${HEAD}vars: { kind: kvm }\nsteps:\n${MAPPING}` +
    `  - if: kind == "kvm"\n    do: [{ compact: }]\n  - if: "\${kind != 'kvm'}"\n` +
    "    do: [{ nonsense: }]\n";
  assertEquals(parse(source).steps.length, 2);
});

for (
  const [condition, message, column] of [
    ["pages > 3", 'Unknown variable "pages"', 22],
    ["1 +", "Expected a number, a name or a parenthesis, got the end of the expression", 25],
    ["1 + 1", 'Expected true or false, got "2"', 22],
    ["[1]", 'Expected a condition such as "pages > 8", got a list', 22],
  ] as const
) {
  Deno.test(`the condition ${condition} is refused`, () => {
    const [found] = checkSteps(`  - { compact: , if: ${condition} }\n`);
    assertEquals([found.message, found.column], [message, column]);
  });
}

Deno.test("a listener of an unknown kind is reported once, not again where it is used", () => {
  const source = `name: t\nprocesses: { qemu: {} }\nlisteners:\n` +
    "  guest: { kind: kvn, process: qemu }\nsteps:\n" + MAPPING +
    "  - guest_write: { listener: guest, range: ram }\n";
  const found = checkFile(source);
  assertEquals(found, ['Unknown kind of listener "kvn"']);
});

function checkFile(source: string): string[] {
  return check(source).map(({ message }) => message);
}
