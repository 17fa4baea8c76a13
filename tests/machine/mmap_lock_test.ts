import { assertEquals } from "@std/assert";
import { whileMmapLocked } from "../../lib/mm/mmap_lock.ts";
import type { Operation } from "../../lib/kernel/operation.ts";
import type { Machine } from "../../lib/machine/machine.ts";
import { newProgram, newStep } from "../../lib/machine/program.ts";
import { runProgram } from "../../lib/machine/run.ts";
import type { OperationResult, OperationSpec } from "../../lib/machine/spec.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

/** Runs a step in whose first window another one is begun; gives what does not hold. */
function failures(step: string, other: string, kernel = "v5.2", setUp = ""): string[] {
  const program = parseScenario(`
name: Who waits for mmap_lock
processes: { app: {} }
listeners: { dev: { kind: sva, process: app } }
steps:
  - mmap: { process: app, name: ram, size: 8 pages }
  - fill: { range: "ram[0..4]" }
  - wait: { time: 1 }
${setUp}
  - ${step}
    during: { at: window_open, do: [{ ${other} }] }
`);
  const result = runProgram(program, { kernel });
  return [...result.failures, ...result.violations].map(({ message }) => message);
}

const FAULT = 'device_write: { listener: dev, range: "ram[6]" }';
/** The step was there before the window closed, or only afterwards. */
const AT_ONCE = "events: { invalidate_range_end: 0 }";
const AFTERWARDS = 'events: { invalidate_range_end: "> 0" }';

const HOLDERS: Record<string, { step: string; ret: number; kernel?: string }> = {
  mprotect: { step: "mprotect: { range: ram, prot: r }", ret: -14 },
  mremap: {
    step: "mremap: { range: ram, size: 8 pages, to: 0x7e0000000000, name: new }",
    ret: -14,
  },
  "mmap over a mapping": {
    step: "mmap: { process: app, name: new, size: 8 pages, prot: r, address: 0x7f0000000000 }",
    ret: -14,
  },
  fork: { step: "fork: { process: app, child: child }", ret: 0 },
  "clear_refs of v6.1": { step: "clear_refs: { process: app, value: 4 }", ret: 0, kernel: "v6.1" },
};

for (const [name, { step, ret, kernel }] of Object.entries(HOLDERS)) {
  Deno.test(`a device fault in a window of ${name} waits for mmap_lock`, () => {
    assertEquals(failures(step, `${FAULT}, expect: { ret: ${ret}, ${AFTERWARDS} }`, kernel), []);
  });
}

const READERS: Record<string, string> = {
  "MADV_DONTNEED": 'madvise: { range: "ram[0..4]", advice: DONTNEED }',
  "munmap, which has given the lock down": 'munmap: { range: "ram[0..4]" }',
  "a copy on write": 'write: { range: "ram[0]" }',
  "clear_refs of v5.2": "clear_refs: { process: app, value: 4 }",
};

for (const [name, step] of Object.entries(READERS)) {
  Deno.test(`a plain fault in a window of ${name} does not wait`, () => {
    const fork = "  - fork: { process: app, child: child }";
    const fault = `write: { range: "ram[6]" }, expect: { ret: 0, ${AT_ONCE} }`;
    assertEquals(failures(step, fault, "v5.2", fork), []);
  });
}

Deno.test("an access to pages that are mapped needs no lock", () => {
  const step = "mprotect: { range: ram, prot: r }";
  assertEquals(failures(step, `read: { range: "ram[0..4]" }, expect: { ret: 0, ${AT_ONCE} }`), []);
  assertEquals(
    failures(step, `read: { range: "ram[0..5]" }, expect: { ret: 0, ${AFTERWARDS} }`),
    [],
  );
});

Deno.test("whoever changes mappings waits for whoever changes mappings", () => {
  const step = "mprotect: { range: ram, prot: r }";
  const calls = [
    "munmap: { range: ram }",
    "mprotect: { range: ram, prot: rw }",
    "madvise: { range: ram, advice: DONTFORK }",
    "madvise: { range: ram, advice: DONTNEED }",
    "mlock: { range: ram }",
    "ksmd: { full_scans: 1 }",
    "move_pages: { range: ram, node: 0 }",
  ];
  const mergeable = "  - madvise: { range: ram, advice: MERGEABLE }";
  for (const call of calls) {
    assertEquals(failures(step, `${call}, expect: { ${AFTERWARDS} }`, "v5.2", mergeable), [], call);
  }
});

Deno.test("another process does not wait", () => {
  const step = "mprotect: { range: ram, prot: r }";
  const other = `write: { range: "ram[6]", process: child }, expect: { ret: 0, ${AT_ONCE} }`;
  assertEquals(failures(step, other, "v5.2", "  - fork: { process: app, child: child }"), []);
});

/** An operation that exists only here. */
function madeUp(name: string, run: (machine: Machine) => Operation<OperationResult>) {
  const spec: OperationSpec = { name, about: "", kernel: "", args: {}, run };
  return newStep(spec);
}

Deno.test("a holder that waits goes on once the one it waits for wants the lock", () => {
  const seen: string[] = [];
  const holder = madeUp("holder", function* (machine) {
    yield* whileMmapLocked(
      machine.mm("app"),
      (function* (): Operation {
        seen.push("holder waits");
        yield "migration_wait";
        seen.push("holder goes on");
      })(),
    );
    return { ret: 0 };
  });
  const mover = madeUp("mover", function* (machine) {
    yield "window_closed";
    seen.push("mover wants the lock");
    yield* whileMmapLocked(
      machine.mm("app"),
      (function* (): Operation {
        seen.push("mover has it");
      })(),
    );
    return { ret: 0 };
  });
  const interlude = { at: "window_closed", nth: 1, orAfter: false, steps: [holder] } as const;
  runProgram(newProgram({
    name: "Lock",
    processes: [{ name: "app" }],
    steps: [{ ...mover, during: [interlude] }],
  }));
  assertEquals(seen, ["holder waits", "mover wants the lock", "holder goes on", "mover has it"]);
});
