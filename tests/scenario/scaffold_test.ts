import { assertEquals, assertThrows } from "@std/assert";
import { comparePolicies } from "../../lib/compare/compare.ts";
import { LISTENER_KINDS } from "../../lib/listeners/registry.ts";
import { scaffold, SCAFFOLD_EVENTS, SCAFFOLD_KINDS } from "../../lib/scenario/scaffold.ts";
import { checkScenario } from "../../lib/scenario/scenario.ts";

for (const kind of SCAFFOLD_KINDS) {
  for (const event of Object.keys(SCAFFOLD_EVENTS)) {
    Deno.test(`the scenario for ${kind} and ${event} is right and all that it expects holds`, () => {
      const text = scaffold({ name: `${kind}: "${event}"`, kind, event, pages: 3 });
      const { program, diagnostics } = checkScenario(text, { file: "new.yaml" });
      assertEquals([diagnostics, program?.name], [[], `${kind}: "${event}"`]);
      for (const kernel of program!.kernels) {
        assertEquals(comparePolicies(program!, { kernel }).passed, true, kernel);
      }
    });
  }
}

Deno.test("scaffold() leaves out the kinds whose devices lose memory for good, and custom ones", () => {
  const left = Object.keys(LISTENER_KINDS).filter((kind) => !SCAFFOLD_KINDS.includes(kind));
  assertEquals(left.sort(), ["custom", "gntdev", "hfi1", "pinned_mr"]);
  const options = { name: "n", kind: "custom", event: "CLEAR", pages: 1 };
  assertThrows(() => scaffold(options), RangeError, '"custom" and "CLEAR"');
});
