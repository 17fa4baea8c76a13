import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { kernelProfile, PROFILES } from "../../lib/kernel/profile.ts";
import { type Difference, outcome, type Switch } from "./profile_differences/difference.ts";
import { HUGE } from "./profile_differences/huge.ts";
import { LISTENERS } from "./profile_differences/listeners.ts";
import { MEMORY } from "./profile_differences/memory.ts";
import { RECLAIM } from "./profile_differences/reclaim.ts";

/** Every switch with its program. */
const TABLE = [MEMORY, HUGE, RECLAIM, LISTENERS].flatMap((part) => Object.entries(part)) as [
  Switch,
  Difference,
][];

const SWITCHES = Object.keys(kernelProfile("v5.2")).filter((name) => name !== "name");

for (const [name, difference] of TABLE) {
  for (const [value, result] of difference.results) {
    Deno.test(`${name} ${value}: ${difference.shows}`, () => {
      assertEquals(outcome(name, difference, value), result);
    });
  }
}

Deno.test("every switch of a profile has a program that shows it, and one only", () => {
  assertEquals(TABLE.map(([name]) => name).sort(), SWITCHES.toSorted());
});

Deno.test("every value that a built-in profile gives a switch is shown", () => {
  for (const [name, { results }] of TABLE) {
    const shown = results.map(([value]) => value);
    for (const profile of Object.values(PROFILES)) {
      assert(shown.includes(profile[name]), `${name} ${profile[name]} of ${profile.name}`);
    }
  }
});

Deno.test("no two values of a switch show the same", () => {
  for (const [name, { results }] of TABLE) {
    const [first, ...others] = results.map(([, result]) => result);
    assert(others.length > 0, name);
    for (const other of others) assertNotEquals(other, first, name);
  }
});

Deno.test("all profiles have the same switches", () => {
  for (const profile of Object.values(PROFILES)) {
    assertEquals(Object.keys(profile).toSorted(), ["name", ...SWITCHES].toSorted());
  }
});
