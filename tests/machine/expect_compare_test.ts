import { assertEquals } from "@std/assert";
import { checkComparison } from "../../lib/machine/expect_compare.ts";
import type { CompareExpectation, Matcher } from "../../lib/machine/expectation.ts";

const FAULTS: Readonly<Record<string, number>> = { legacy: 32, followup: 16, ideal: 0 };

function table(figure: string, column: string): number | undefined {
  return figure === "guest.faults" ? FAULTS[column] : undefined;
}

function wanted(column: string, matcher: Matcher, figure = "guest.faults"): CompareExpectation {
  return { figure, column, matcher, text: "as written", when: {}, position: null };
}

function messages(...expectations: CompareExpectation[]): string[] {
  return checkComparison(expectations, table, "v5.2").map(({ message }) => message);
}

Deno.test("checkComparison() holds a column against others", () => {
  const half = { operator: "/", left: { name: "legacy" }, right: 2 } as const;
  assertEquals(messages(wanted("legacy", { operator: ">", operand: { name: "followup" } })), []);
  assertEquals(messages(wanted("followup", { operator: "==", operand: half })), []);
  assertEquals(messages(wanted("ideal", { operator: ">=", operand: half })), [
    "guest.faults under ideal: expected >= 16 (legacy / 2), got 0",
  ]);
});

Deno.test("checkComparison() refuses figures and columns that are not there", () => {
  assertEquals(messages(wanted("other", { operator: ">=", operand: 0 })), [
    "guest.faults under other: expected >= 0, got no such figure or column",
  ]);
  assertEquals(messages(wanted("legacy", { operator: "<", operand: 1 }, "x.y")).length, 1);
  assertEquals(messages(wanted("legacy", { operator: "!=", operand: { name: "other" } })), [
    "guest.faults under legacy: expected != unknown (other), got 32",
  ]);
});

Deno.test("checkComparison() leaves out what does not apply", () => {
  const never = wanted("legacy", { operator: "==", operand: 1 });
  assertEquals(messages({ ...never, when: { kernels: ["v6.1"] } }), []);
  assertEquals(messages({ ...never, when: { policies: ["ideal"] } }), []);
  assertEquals(messages({ ...never, when: { policies: ["legacy"] } }).length, 1);
});
