/**
 * What an operation of the mm costs, in nanoseconds per page, on 16K, 256K and 1M pages of 4 KiB.
 *
 * Run it with `deno run --allow-sys bench/mm_bench.ts [ROUNDS]`; the figures are medians over the rounds, each
 * on a machine of its own.
 */

import { access, fillByte } from "../lib/mm/access.ts";
import { clearRefs } from "../lib/mm/clear_refs.ts";
import { exitMm, mmap, munmap } from "../lib/mm/mmap.ts";
import { fork } from "../lib/mm/fork.ts";
import { Host } from "../lib/mm/host.ts";
import { ksmFullScans } from "../lib/mm/ksm.ts";
import { madvise } from "../lib/mm/madvise.ts";
import { mprotect } from "../lib/mm/mprotect.ts";
import { mremap } from "../lib/mm/mremap.ts";
import { VM_READ, VM_WRITE } from "../lib/mm/vma.ts";
import { alignUp, PAGE_SIZE, PMD_SIZE, PUD_SIZE } from "../lib/kernel/address.ts";
import { drain, type Operation } from "../lib/kernel/operation.ts";

const SIZES = [16 * 1024, 256 * 1024, 1024 * 1024];
const ROUNDS = Number(Deno.args[0] ?? 7);

/** Figures of one operation: ns per page by number of pages. */
type Figures = Map<string, Map<number, number[]>>;

function measure(pages: number, figures: Figures): void {
  const host = new Host({ memory: (2 * pages + 1024) * PAGE_SIZE, traceLimit: 0 });
  const mm = host.createMm("bench");
  const bytes = pages * PAGE_SIZE;
  const time = <T>(name: string, operation: () => Operation<T>): T => {
    const started = performance.now();
    const result = drain(operation());
    note(figures, name, pages, ((performance.now() - started) * 1e6) / pages);
    return result;
  };
  const start = drain(mmap(mm, { length: bytes, prot: VM_READ | VM_WRITE }));
  const end = start + bytes;
  time("fault-in (write)", () => access(mm, start, end, fillByte(1)));
  time("mprotect RW->RO", () => mprotect(mm, start, bytes, VM_READ));
  drain(mprotect(mm, start, bytes, VM_READ | VM_WRITE));
  time("clear soft-dirty", () => clearRefs(mm, 4));
  time("write fault, reuse", () => access(mm, start, end, fillByte(2)));
  const child = time("fork", () => fork(mm, "child"));
  time("COW write", () => access(mm, start, end, fillByte(3)));
  time("exit", () => exitMm(child));
  drain(madvise(mm, start, bytes, "MERGEABLE"));
  host.ksm.knobs.pages_to_scan = pages;
  time("KSM, two rounds, all equal", () => ksmFullScans(host, 2));
  drain(madvise(mm, start, bytes, "UNMERGEABLE"));
  drain(madvise(mm, start, bytes, "DONTNEED"));
  drain(access(mm, start, end, fillByte(4)));
  const move = (from: number, to: number) => () =>
    mremap(mm, from, bytes, bytes, { mayMove: true, fixed: to });
  const aligned = alignUp(end, PUD_SIZE) + PMD_SIZE;
  const unaligned = alignUp(aligned + bytes, PUD_SIZE) + PAGE_SIZE;
  time("mremap, 2 MiB aligned", move(start, aligned));
  time("mremap, unaligned", move(aligned, unaligned));
  time("munmap", () => munmap(mm, unaligned, bytes));
}

function note(figures: Figures, name: string, pages: number, ns: number): void {
  if (!figures.has(name)) figures.set(name, new Map());
  const bySize = figures.get(name)!;
  if (!bySize.has(pages)) bySize.set(pages, []);
  bySize.get(pages)!.push(ns);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Bytes by which the process grows per page that is faulted in, reverse mapping included. */
function residentGrowth(pages: number): number {
  const host = new Host({ memory: (pages + 1024) * PAGE_SIZE, traceLimit: 0 });
  const mm = host.createMm("bench");
  const start = drain(mmap(mm, { length: pages * PAGE_SIZE, prot: VM_READ | VM_WRITE }));
  const before = Deno.memoryUsage().rss;
  drain(access(mm, start, start + pages * PAGE_SIZE, fillByte(1)));
  return (Deno.memoryUsage().rss - before) / pages;
}

const print = (line: string): void => {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
};

function main(): void {
  measure(SIZES[0], new Map()); // the compiler and the heap find their size before memory is read
  const growth = residentGrowth(SIZES[2]);
  for (const pages of [...SIZES, ...SIZES]) measure(pages, new Map()); // until all code is compiled
  const figures: Figures = new Map();
  for (let round = 0; round < ROUNDS; round++) {
    for (const pages of SIZES) measure(pages, figures);
  }
  const header = SIZES.map((pages) => `${pages / 1024}K pages`.padStart(12)).join("");
  print(`ns per page, median of ${ROUNDS}`.padEnd(30) + header);
  for (const [name, bySize] of figures) {
    const cells = SIZES.map((pages) => median(bySize.get(pages)!).toFixed(1).padStart(12));
    print(name.padEnd(30) + cells.join(""));
  }
  print(`resident growth by fault-in: ${growth.toFixed(1)} bytes a page`);
}

main();
