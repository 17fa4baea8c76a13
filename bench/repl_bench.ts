/**
 * Measures the prompt: going back over 10,000 ticks of a 1 GiB guest, and looking at pages of a
 * 4 GiB one. Times are of the processor, so that a busy machine does not change them.
 *
 * ```sh
 * deno run -R --allow-sys bench/repl_bench.ts
 * ```
 *
 * @module
 */

import process from "node:process";
import { newProgram, newStep, type Program, type Step } from "../lib/machine/program.ts";
import { operation } from "../lib/machine/ops/mod.ts";
import { whyText } from "../lib/repl/history.ts";
import { Session } from "../lib/repl/session.ts";
import { vtopText } from "../lib/report/vtop_text.ts";

const GIB = 2 ** 30;

/** One measurement. */
export interface Measurement {
  /** What was done. */
  readonly what: string;
  /** Milliseconds of processor time, the least of some attempts. */
  readonly ms: number;
}

/**
 * Makes a program that fills a guest, then touches its pages here and there.
 *
 * @param gib Memory of the guest in GiB.
 * @param ticks Steps after the fill.
 * @param filler Who fills the memory: the CPU, or the guest by a fault for each page.
 * @returns The program.
 */
export function guestProgram(gib: number, ticks: number, filler: "cpu" | "guest"): Program {
  const pages = gib * GIB / 4096;
  const ram = { mapping: "ram", firstPage: 0, pages: null };
  const fill = filler === "cpu"
    ? newStep(operation("fill"), { range: ram })
    : newStep(operation("guest_write"), { listener: "guest", range: ram });
  const steps: Step[] = [
    newStep(operation("mmap"), { process: "qemu", name: "ram", size: gib * GIB }),
    newStep(operation("memslot"), { listener: "guest", range: ram }),
    fill,
  ];
  for (let at = 0; at < ticks; at++) {
    const range = { mapping: "ram", firstPage: (at * 977) % (pages - 8), pages: 4 };
    const isGuest = at % 2 === 0;
    steps.push(
      isGuest
        ? newStep(operation("guest_write"), { listener: "guest", range })
        : newStep(operation("madvise"), { range, advice: "DONTNEED" }),
    );
  }
  return newProgram({
    name: "guest",
    machine: { memory: gib * 1.25 * GIB, nodes: 1, seed: 1 },
    processes: [{ name: "qemu" }],
    listeners: [{ name: "guest", kind: "kvm", process: "qemu", options: {} }],
    steps,
  });
}

/**
 * Measures processor time.
 *
 * @param what What is done.
 * @param attempts How often.
 * @param work Does it.
 * @returns The measurement.
 */
export function measure(what: string, attempts: number, work: () => void): Measurement {
  let ms = Infinity;
  for (let at = 0; at < attempts; at++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    ms = Math.min(ms, (user + system) / 1000);
  }
  return { what, ms };
}

if (import.meta.main) {
  for (const filler of ["cpu", "guest"] as const) {
    const session = new Session(guestProgram(1, 10_000, filler), { check: false });
    session.goto(session.steps.length);
    report(measure(`back, 10,000 ticks, 1 GiB filled by the ${filler}`, 5, () => session.back()));
  }
  const session = new Session(guestProgram(4, 100, "cpu"), { check: false });
  session.goto(session.steps.length);
  const start = session.machine.mappings.get("ram")!.start;
  report(measure("why, 4 GiB", 5, () => void whyText(session, "qemu", start + 977 * 4096)));
  const mm = session.machine.mm("qemu");
  report(measure("vtop, 4 GiB", 5, () => void vtopText(mm, start + 977 * 4096)));
}

function report({ what, ms }: Measurement): void {
  // deno-lint-ignore no-console
  console.log(`${what.padEnd(48)} ${ms.toFixed(1).padStart(8)} ms`);
}
