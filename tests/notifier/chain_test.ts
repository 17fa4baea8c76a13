import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  mmHasNotifiers,
  mmuNotifierRegister,
  mmuNotifierRelease,
  mmuNotifierUnregister,
  mmuNotifierUnregisterNoRelease,
} from "../../lib/notifier/chain.ts";
import { fakeMm } from "../listeners/fake_user_pages.ts";
import { recorder } from "./recorder.ts";

Deno.test("registration inserts at the head", () => {
  const mm = fakeMm();
  const [first, second] = [recorder("first", []), recorder("second", [])];
  mmuNotifierRegister(first, mm);
  mmuNotifierRegister(second, mm);
  assertEquals(mm.notifiers?.list, [second, first]);
});

Deno.test("mmHasNotifiers() stays true after the last listener has gone", () => {
  const mm = fakeMm();
  assert(!mmHasNotifiers(mm));
  const mn = recorder("a", []);
  mmuNotifierRegister(mn, mm);
  assert(mmHasNotifiers(mm));
  mmuNotifierUnregister(mn, mm);
  assert(mmHasNotifiers(mm));
  assertEquals(mm.notifiers?.list, []);
});

Deno.test("a listener registers once", () => {
  const mm = fakeMm();
  const mn = recorder("a", []);
  mmuNotifierRegister(mn, mm);
  assertThrows(() => mmuNotifierRegister(mn, mm), TypeError, '"a"');
  mmuNotifierUnregister(mn, mm);
  mmuNotifierRegister(mn, mm);
});

Deno.test("unregister releases a listener that is still on the list, and only that", () => {
  const mm = fakeMm();
  const log: string[] = [];
  const mn = recorder("a", log);
  mmuNotifierUnregister(mn, mm);
  assertEquals(log, []);
  mmuNotifierRegister(mn, mm);
  mmuNotifierUnregister(mn, mm);
  mmuNotifierUnregister(mn, mm);
  assertEquals(log, ["a.release"]);
});

Deno.test("unregister_no_release only unlinks", () => {
  const mm = fakeMm();
  const log: string[] = [];
  const mn = recorder("a", log);
  mmuNotifierRegister(mn, mm);
  mmuNotifierUnregisterNoRelease(mn, mm);
  mmuNotifierUnregisterNoRelease(mn, mm);
  assertEquals([log, mm.notifiers?.list], [[], []]);
});

Deno.test("release calls everybody once, in list order, and empties the chain", () => {
  const mm = fakeMm();
  const log: string[] = [];
  mmuNotifierRelease(mm);
  for (const name of ["a", "b"]) mmuNotifierRegister(recorder(name, log), mm);
  mmuNotifierRegister(recorder("i915", log, { without: ["release"] }), mm);
  mmuNotifierRelease(mm);
  mmuNotifierRelease(mm);
  assertEquals(log, ["b.release", "a.release"]);
  assertEquals(mm.notifiers?.list, []);
});

Deno.test("a listener may unregister itself in release", () => {
  const mm = fakeMm();
  const log: string[] = [];
  const self = {
    name: "self",
    release: () => {
      log.push("self");
      mmuNotifierUnregisterNoRelease(self, mm);
    },
  };
  mmuNotifierRegister(recorder("a", log), mm);
  mmuNotifierRegister(self, mm);
  mmuNotifierRelease(mm);
  assertEquals(log, ["self", "a.release"]);
});
