import { assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "../../lib/machine/run.ts";
import { checkScenario, parseScenario } from "../../lib/scenario/scenario.ts";

const HEAD = `
name: A race
kernel: v5.2
processes: { qemu: {} }
listeners: { guest: { kind: kvm, process: qemu } }
steps:
  - mmap: { process: qemu, name: ram, size: 4 pages }
  - fill: { range: ram, fill: unique }
  - memslot: { listener: guest, range: ram }
`;

const ZAP_IN_FAULT = `${HEAD}
  - guest_read: { listener: guest, range: "ram[0]" }
    during:
      at: before_retry_check
      do:
        - madvise: { range: "ram[0]", advice: DONTNEED }
          expect: { events: { CLEAR: 1 } }
    expect: { delta: { guest.retries: RETRIES } }
`;

Deno.test("a window inside a device fault makes it retry", () => {
  const { passed, failures } = runProgram(parseScenario(ZAP_IN_FAULT.replace("RETRIES", "1")));
  assertEquals([passed, failures], [true, []]);
});

Deno.test("a driver that forgets the retry check keeps a stale translation", () => {
  const program = parseScenario(ZAP_IN_FAULT.replace("RETRIES", "0"));
  const { violations } = runProgram(program, { faults: ["forget_retry"] });
  assertEquals(violations.map(({ invariant }) => invariant), ["coherence"]);
});

Deno.test("a device that must wait for the interrupted operation goes on afterwards", () => {
  const program = parseScenario(`${HEAD}
  - madvise: { range: ram, advice: DONTNEED }
    during:
      at: window_open
      do:
        - guest_read: { listener: guest, range: ram }
    expect: { guest.retries: 1, pages: { ram: { device: { guest: ro }, zero: true } } }
`);
  const { failures } = runProgram(program);
  assertEquals(failures, []);
});

Deno.test("who meets a page that is being moved waits until it has moved", () => {
  for (const access of ["read: { range: ram }", "guest_read: { listener: guest, range: ram }"]) {
    const program = parseScenario(`${HEAD.replace("kernel:", "machine: { nodes: 2 }\nkernel:")}
  - move_pages: { range: ram, node: 1 }
    during:
      at: window_closed
      do:
        - ${access}
    expect: { pages: { ram: { node: 1, present: true } }, vmstat.pgmigrate_success: 4 }
`);
    assertEquals(runProgram(program).failures, [], access);
  }
});

Deno.test("pages of a file that a device maps while they are collapsed are unmapped again", () => {
  for (const nth of [1, 2, 3]) {
    const program = parseScenario(`
name: A device comes between
kernel: v6.1
switches: { retractNotifies: true }
machine: { memory: 16 MiB }
processes: { app: {} }
listeners: { dev: { kind: sva, process: app } }
steps:
  - mmap: { process: app, name: shared, size: 4 MiB, shared: true }
  - madvise: { range: "shared[0..3]", advice: POPULATE_READ }
  - madvise: { range: "shared[0..512]", advice: COLLAPSE }
    during:
      at: window_open
      nth: ${nth}
      do: [{ device_read: { listener: dev, range: "shared[0..512]" } }]
    expect: { pages: { "shared[0..512]": { huge: true } } }
`);
    assertEquals(runProgram(program).failures, [], `window ${nth}`);
  }
});

Deno.test("expectations of steps inside an interlude count", () => {
  const program = parseScenario(`${HEAD}
  - madvise: { range: ram, advice: DONTNEED }
    during:
      - at: window_closed
        nth: 1
        do: [{ read: { range: ram }, expect: { ret: 7 } }]
      - at: window_closed
        nth: 2
        do: [{ read: { range: ram }, expect: { ret: 8 } }]
`);
  const { failures } = runProgram(program);
  assertEquals(failures.map(({ message }) => message), ["ret: expected 7, got 0"]);
});

Deno.test("mistakes in an interlude are reported with their place", () => {
  const { diagnostics } = checkScenario(`${HEAD}
  - read: { range: ram }
    during: { at: window_opn, nth: 0 }
`);
  assertEquals(diagnostics.length, 3);
  assertMatch(diagnostics.map(({ message }) => message).join(), /Missing key "do".*point/);
});
