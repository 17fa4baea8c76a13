import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { shrink } from "./shrink.ts";

Deno.test("shrinking keeps exactly the items that the failure needs", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 80 }).chain((length) =>
      fc.record({ length: fc.constant(length), needed: fc.subarray([...Array(length).keys()]) })
    ),
    ({ length, needed }) => {
      const fails = (items: readonly number[]) => needed.every((item) => items.includes(item));
      assertEquals(shrink([...Array(length).keys()], fails), needed);
    },
  ));
});

Deno.test("shrinking finds a pair of neighbours that fails only together with nothing between", () => {
  const fails = (items: readonly number[]) => {
    const at = items.indexOf(10);
    return at >= 0 && items[at + 1] > 10;
  };
  assertEquals(shrink([...Array(40).keys()], fails).length, 2);
});
