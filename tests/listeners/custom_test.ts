// deno-lint-ignore-file require-yield
import { assertEquals, assertMatch } from "@std/assert";
import type { CustomListenerFactory } from "../../lib/listeners/custom.ts";
import { attachListener } from "../../lib/machine/attach.ts";
import { runProgram } from "../../lib/machine/run.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

const program = parseScenario(`
name: Own listener
processes: { app: {} }
listeners: { mine: { kind: custom, process: app } }
steps:
  - mmap: { process: app, name: buf, size: 4 pages }
  - fill: { range: buf, fill: unique }
  - device_write: { listener: mine, range: "buf[0]" }
  - munmap: { range: buf }
`);

function run(factory: CustomListenerFactory) {
  return runProgram(attachListener(program, { factory }));
}

/** The messages of all violations of a listener, without what was thrown. */
function faultsOf(factory: CustomListenerFactory): string[] {
  const { violations, passed } = run(factory);
  assertEquals(passed, false);
  for (const { invariant, listener } of violations) {
    assertEquals([invariant, listener], ["listener_fault", "mine"]);
  }
  return violations.map(({ message }) => message);
}

Deno.test("a callback is called by the chain as a built-in one is", () => {
  const seen: string[] = [];
  const { failures } = run(({ name, user }) => ({
    name,
    invalidateRangeStart: ({ event, start, end }) => seen.push(`S ${event} ${end - start}`) && 0,
    invalidateRangeEnd: () => void seen.push("E"),
    release: () => void seen.push("release"),
    *translate(address, write) {
      const pfn = yield* user.getUserPage(address, write);
      user.putPage(pfn);
      return pfn;
    },
  }));
  assertEquals(failures, []);
  assertEquals(seen, ["S 0 16384", "E"]);
});

Deno.test("what a callback throws is the listener's fault, with the event", () => {
  const [message, ...rest] = faultsOf(({ name }) => ({
    name,
    invalidateRangeStart: () => {
      throw new TypeError("no\nstack");
    },
    translate: () =>
      (function* () {
        return 3;
      })(),
  }));
  assertMatch(
    message,
    /^Listener "mine" failed in invalidateRangeStart of UNMAP \[0x.*: TypeError: no$/,
  );
  assertEquals(rest, []);
});

Deno.test("an answer that is no error number is the listener's fault", () => {
  const start = () => undefined as unknown as number;
  const [message] = faultsOf(({ name }) => ({
    name,
    invalidateRangeStart: start,
    *translate() {
      return 3;
    },
  }));
  assertMatch(message, /expected 0 or a negative error number, got undefined$/);
});

Deno.test("a factory that fails leaves a listener that does nothing", () => {
  const messages = faultsOf(() => {
    throw "just text";
  });
  assertMatch(messages[0], /failed in its factory: just text$/);
});

Deno.test("a device that never gets its page, or gets something else, is at fault", () => {
  for (const result of [NaN, 1.5]) {
    const [message] = faultsOf(({ name }) => ({
      name,
      *translate() {
        return result;
      },
    }));
    assertMatch(message, /failed in translate of 0x.*: it gave no frame$/);
  }
  const [message] = faultsOf(({ name }) => ({
    name,
    *translate() {
      for (;;) yield "before_retry_check";
    },
  }));
  assertMatch(message, /it gave no frame$/);
});

Deno.test("an entry that outlives its page is a violation of coherence", () => {
  const { violations } = run(({ name, user }) => {
    const entries: [number, number][] = [];
    return {
      name,
      invalidateRangeStart: () => 0,
      *translate(address, write) {
        const pfn = yield* user.getUserPage(address, write);
        entries.push([address, pfn]);
        user.putPage(pfn);
        return pfn;
      },
      forEachEntry: (visit) => entries.forEach(([address, pfn]) => visit(address, pfn, true)),
    };
  });
  assertEquals(violations.map(({ invariant }) => invariant), ["coherence"]);
});

Deno.test("attachListener() refuses names that are taken and processes that are not there", () => {
  const factory: CustomListenerFactory = ({ name }) => ({ name });
  const attached = attachListener(program, { factory });
  for (const parts of [{ name: "mine" }, { name: "other", process: "nobody" }]) {
    let message = "";
    try {
      attachListener(attached, { factory, ...parts });
    } catch (error) {
      message = error instanceof RangeError ? error.message : "";
    }
    assertMatch(message, /^Cannot attach listener/);
  }
});
