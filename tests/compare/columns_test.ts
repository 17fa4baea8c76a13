import { assertEquals } from "@std/assert";
import { answerable } from "../../lib/compare/columns.ts";
import { columnsOf } from "../../lib/machine/program.ts";
import type { CompareExpectation, Matcher } from "../../lib/machine/expectation.ts";

function wanted(column: string, matcher: Matcher): CompareExpectation {
  return { figure: "nic.faults", column, matcher, text: "", when: {}, position: null };
}

Deno.test("columnsOf() lists a policy of the program once, even if it is named like a built-in one", () => {
  const policies = { mine: { base: "ideal", events: {} }, legacy: { base: "legacy", events: {} } };
  assertEquals(columnsOf({ policies }), ["legacy", "followup", "ideal", "mine"]);
});

const half: Matcher = {
  operator: "<=",
  operand: { operator: "/", left: { name: "legacy" }, right: 2 },
};
const between: Matcher = { operator: "..", low: { name: "ideal" }, high: { name: "legacy" } };

for (
  const { column, matcher, columns, isAnswerable } of [
    { column: "ideal", matcher: half, columns: ["legacy", "ideal"], isAnswerable: true },
    { column: "ideal", matcher: half, columns: ["ideal"], isAnswerable: false },
    { column: "ideal", matcher: half, columns: ["legacy"], isAnswerable: false },
    { column: "mine", matcher: between, columns: ["mine", "ideal", "legacy"], isAnswerable: true },
    { column: "mine", matcher: between, columns: ["mine", "legacy"], isAnswerable: false },
  ]
) {
  Deno.test(`answerable() ${isAnswerable ? "keeps" : "drops"} ${column} ${matcher.operator} over ${columns}`, () => {
    const expectation = wanted(column, matcher);
    assertEquals(answerable([expectation], columns), isAnswerable ? [expectation] : []);
  });
}
