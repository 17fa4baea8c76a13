import { assertEquals, assertThrows } from "@std/assert";
import { parseTags } from "../../lib/scenario/tag_expression.ts";

for (
  const [text, selected] of [
    ["ksm", ["ksm", "ksm slow", "ksm kvm"]],
    ["not ksm", ["", "kvm", "slow"]],
    ["ksm and not slow", ["ksm", "ksm kvm"]],
    ["ksm AND slow OR kvm", ["ksm slow", "kvm", "ksm kvm"]],
    ["ksm and (slow or kvm)", ["ksm slow", "ksm kvm"]],
    ["not not kvm", ["kvm", "ksm kvm"]],
    ["not (ksm or kvm)", ["", "slow"]],
    ["k*", ["ksm", "ksm slow", "kvm", "ksm kvm"]],
    ["*", ["ksm", "ksm slow", "kvm", "slow", "ksm kvm"]],
  ] as const
) {
  Deno.test(`parseTags() selects by ${text}`, () => {
    const filter = parseTags(text);
    const all = ["", "ksm", "ksm slow", "kvm", "slow", "ksm kvm"];
    const found = all.filter((tags) => filter(tags.split(" ").filter(Boolean)));
    assertEquals(found.sort(), [...selected].sort());
  });
}

for (
  const [text, message] of [
    ["", 'Cannot read tags "": expected a tag at the end'],
    ["ksm and", "expected a tag at the end"],
    ["or ksm", 'expected a tag at "or" in column 1'],
    ["(ksm", 'expected ")" at the end'],
    ["ksm)", 'expected "and", "or" or the end at ")" in column 4'],
    ["ksm slow", 'at "slow" in column 5'],
    ["(".repeat(1000), "nested more than 32 deep"],
    ["not ".repeat(1000), "nested more than 32 deep"],
  ] as const
) {
  Deno.test(`parseTags() refuses ${text.slice(0, 20)}`, () => {
    assertThrows(() => parseTags(text), SyntaxError, message);
  });
}
