import { assertEquals } from "@std/assert";
import { OPERATIONS } from "../../lib/machine/ops/mod.ts";
import { runProgram, type RunResult } from "../../lib/machine/run.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

const HEAD = `
name: operations
kernel: v6.1
machine: { memory: 64 MiB, nodes: 2 }
processes: { p: {} }
listeners:
  guest: { kind: kvm, process: p }
  nic: { kind: odp, process: p }
steps:
`;

/** Steps that together carry out the operations, in groups that build on nothing but the head. */
const GROUPS: Readonly<Record<string, string>> = {
  "files and their mappings": `
  - create_file: { name: f, size: 16 pages, kind: file }
  - pwrite: { file: f, pages: 4, value: 7 }
    expect: { ret: "${4 * 4096}" }
  - mmap: { process: p, name: m, size: 16 pages, file: f, shared: true }
  - read: { range: "m[0]" }
    expect: { pages: { "m[0]": { content: 7, anon: false } } }
  - write: { range: m }
  - fsync: { file: f }
    expect: { events: { PROTECTION_PAGE: 16 } }
  - write: { range: "m[3]" }
  - msync: { range: m }
    expect: { events: { PROTECTION_PAGE: 1 } }
  - punch_hole: { file: f, first: 2, pages: 2 }
    expect: { events: { CLEAR: 1 }, pages: { "m[2..4]": { present: false } } }
  - ftruncate: { file: f, size: 8 pages }
    expect: { events: { CLEAR: 2 } }
  - read: { range: m }
    expect: { errno: EFAULT, values: { pages: 8 } }`,
  "the layout of memory": `
  - mmap: { process: p, name: a, size: 16 pages }
  - fill: { range: a, fill: unique }
  - mremap: { range: "a[8..16]", size: 8 pages, to: 0x7e0000000000, name: b }
    expect: { events: { UNMAP: 2 }, pages: { b: { present: true } } }
  - mprotect: { range: "a[0..4]", prot: r }
  - write: { range: "a[0]" }
    expect: { errno: EFAULT }
  - madvise: { range: "a[4..8]", advice: DONTNEED }
  - mlock: { range: b }
    expect: { pages: { b: { locked: true } } }
  - munlock: { range: b }
    expect: { pages: { b: { locked: false } } }
  - munmap: { range: b }
    expect: { p.rss: 4 }`,
  "processes": `
  - mmap: { process: p, name: a, size: 4 pages }
  - fill: { range: a, fill: unique }
  - fork: { process: p, child: c }
    expect: { sequence: "S PROTECTION_PAGE a · E" }
  - clear_refs: { process: p }
    expect: { sequence: "S SOFT_DIRTY all · E", p.soft_dirty: 0 }
  - exit: { process: c }
    expect: { c.rss: 0 }
  - wait: { time: 20 ms }
    expect: { delta: { machine.time_ns: 20000000 } }
  - oom_reap: { process: p }
    expect: { values: { attempts: 1 }, p.rss: 0 }`,
  "daemons": `
  - mmap: { process: p, name: a, size: 4 pages }
  - fill: { range: a }
  - ksm_set: { file: max_page_sharing, value: 2 }
  - madvise: { range: a, advice: MERGEABLE }
  - ksmd: { full_scans: 2 }
    expect: { values: { merged: 2 }, ksm: { pages_shared: 2, stable_node_dups: 2 } }
  - ksm_set: { file: max_page_sharing, value: 3 }
    expect: { errno: EBUSY }
  - ksm_unmerge: {}
    expect: { ksm.pages_shared: 0, pages: { a: { ksm: false, frames: 4 } } }
  - thp_set: { enabled: always }
  - mmap: { process: p, name: h, size: 8 MiB }
  - fill: { range: "h[600]" }
    expect: { pages: { "h[600]": { huge: true } }, vmstat.thp_fault_alloc: 1 }
  - thp_set: { enabled: never }
  - mmap: { process: p, name: s, size: 8 MiB }
  - fill: { range: "s[512..1024]" }
    expect: { pages: { "s[600]": { huge: false } } }
  - thp_set: { enabled: always }
  - khugepaged: { full_scans: 1 }
    expect: { values: { collapsed: 1 }, pages: { "s[600]": { huge: true } } }
  - hugetlb_pool: { pages: 2 }
    expect: { values: { added: 2 } }
  - mmap: { process: p, name: t, size: 4 MiB, hugetlb: true }
  - fill: { range: t }
    expect: { pages: { "t[600]": { huge: true } } }`,
  "physical memory": `
  - fragment: { every: 64 }
  - mmap: { process: p, name: a, size: 16 pages }
  - fill: { range: a, fill: unique }
  - compact: {}
    expect: { values: { moved: 16 } }
  - move_pages: { range: a, node: 1 }
    expect: { ret: 0, values: { moved: 16, refused: 0 }, pages: { a: { node: 1 } } }
  - migrate_pages: { process: p, from: 1, to: 0 }
    expect: { pages: { a: { node: 0 } } }
  - mbind: { range: "a[0..4]", node: 1, move: true }
    expect: { pages: { "a[0..4]": { node: 1 }, "a[4..16]": { node: 0 } } }
  - move_pages: { range: "a[12..16]", node: 1 }
  - numa_scan: { process: p }
    expect: { events: { PROTECTION_VMA: ">= 1" }, pages: { "a[12]": { protnone: true }, "a[8]": { protnone: false } } }
  - read: { range: a }
    expect: { pages: { a: { protnone: false } } }
  - migrate_to_device: { range: "a[8..12]" }
    expect: { values: { moved: 4 }, pages: { "a[8..12]": { present: false } } }
  - read: { range: a }
    expect: { pages: { "a[8..12]": { present: true } } }
  - madvise: { range: "a[0..4]", advice: PAGEOUT }
    expect: { pages: { "a[0..4]": { swapped: true } }, p.swap_entries: 4 }
  - reclaim: { size: 4 pages }
    expect: { values: { reclaimed: ">= 4" } }
  - swapoff: {}
    expect: { p.swap_entries: 0 }`,
  "those who watch": `
  - mmap: { process: p, name: a, size: 8 pages }
  - uffd_register: { range: a, mode: wp }
  - fill: { range: a }
  - uffd_writeprotect: { range: "a[0..2]" }
    expect: { events: { PROTECTION_VMA: 1 }, pages: { "a[0..2]": { writable: false } } }
  - uffd_unregister: { range: a }
  - mmap: { process: p, name: b, size: 2 pages }
  - uffd_register: { range: b, mode: missing }
  - uffd_copy: { range: b, fill: 9 }
    expect: { events: { windows: 0 }, pages: { b: { content: 9 } } }
  - create_file: { name: text, size: 4 pages, kind: file }
  - mmap: { process: p, name: code, size: 4 pages, file: text, prot: rx }
  - read: { range: code }
  - uprobe: { file: text, offset: 100 }
    expect: { events: { CLEAR: 1, change_pte: 1 } }
  - uprobe: { file: text, offset: 100, remove: true }
    expect: { events: { CLEAR: 1 } }`,
  "devices and checkpoints": `
  - mmap: { process: p, name: ram, size: 4 pages }
  - memslot: { listener: guest, range: ram }
  - guest_write: { listener: guest, range: ram, fill: unique }
  - guest_read: { listener: guest, range: ram }
    expect: { delta: { guest.faults: 0 } }
  - reg_mr: { listener: nic, range: ram }
  - rdma_write: { listener: nic, range: ram, fill: unique }
  - rdma_read: { listener: nic, range: ram }
  - dereg_mr: { listener: nic, range: ram }
  - dereg_mr: { listener: nic, range: ram }
    expect: { errno: ENOENT }
  - precopy: { range: ram }
    expect: { values: { sent: 4 } }
  - precopy_verify: { range: ram }
    expect: { values: { stale: 0 } }`,
};

function run(steps: string): RunResult {
  return runProgram(parseScenario(HEAD + steps), { policy: "ideal" });
}

for (const [name, steps] of Object.entries(GROUPS)) {
  Deno.test(`operations on ${name} do what their specifications say`, () => {
    const { failures } = run(steps);
    assertEquals(failures.map(({ step, message }) => `${step}: ${message}`), []);
  });
}

for (const [name, steps] of Object.entries(GROUPS)) {
  Deno.test(`operations on ${name} give back the values that their specifications name`, () => {
    const { program, steps: results } = run(steps);
    const done = results.flatMap(({ result }, at) => {
      const { name, values = {} } = program.steps[at].operation;
      return result.ret < 0 ? [] : [{ name, given: result.values ?? {}, values }];
    });
    assertEquals(
      done.map(({ name, given }) => [name, ...Object.keys(given)]),
      done.map(({ name, values }) => [name, ...Object.keys(values)]),
    );
  });
}

Deno.test("every operation of the library is carried out by one of these tests", () => {
  const all = Object.values(GROUPS).join("\n");
  const missing = OPERATIONS.filter(({ name }) => !all.includes(`- ${name}:`));
  const drivers = missing.filter(({ args }) => "listener" in args);
  assertEquals(missing.filter((spec) => !drivers.includes(spec)).map(({ name }) => name), []);
});

Deno.test("every operation documents itself in one line, and its arguments too", () => {
  for (const { about, args, values = {} } of OPERATIONS) {
    const abouts = Object.values(args).map((spec) => spec.about);
    for (const text of [about, ...abouts, ...Object.values(values)]) {
      assertEquals(/^[A-Z0-9][^\n]*[^.\n]$/.test(text), true, text);
    }
  }
});
