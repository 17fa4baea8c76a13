// deno-lint-ignore-file no-console
/**
 * A script in cells, for editors that run `// %%` one by one, and for a lecture.
 *
 *     deno run examples/notebook.ts
 */

// %% A machine with one process, and a NIC that faults pages in on demand
import { allFigures, Machine, PAGE_SIZE, pageFacts, perform } from "@mmulab/mmulab";
import { DRIVERS } from "@mmulab/mmulab/listeners";
import { mapsText, vtopText } from "@mmulab/mmulab/report";

const machine = new Machine({ drivers: DRIVERS });
const app = machine.addProcess("app");
machine.addListener({ name: "nic", kind: "odp", process: "app", policy: "legacy" });

// %% Watch what the chain is told from here on
const events: string[] = [];
const unsubscribe = machine.host.trace.subscribe(({ kind }) => events.push(kind));

// %% Four pages, written by the CPU and read by the NIC
perform(machine, "mmap", { process: "app", name: "buf", size: 4 * PAGE_SIZE });
perform(machine, "fill", { range: "buf" });
perform(machine, "reg_mr", { listener: "nic", range: "buf" });
perform(machine, "rdma_read", { listener: "nic", range: "buf" });
console.log(mapsText(app));

// %% A child shares the pages. Who may write now?
perform(machine, "fork", { process: "app", child: "child" });
const { start } = machine.pages("buf");
const { writable, mapcount } = pageFacts(machine, app, start)!;
console.log({ writable, mapcount });

// %% The NIC lost its entries, although it only read
perform(machine, "rdma_read", { listener: "nic", range: "buf" });
const figures = allFigures(machine);
console.log({ faults: figures["nic.faults"], refaults: figures["nic.refaults"] });

// %% The page table, as crash shows it
console.log(vtopText(app, start));

// %% Was all of it right?
unsubscribe();
console.log({ events: events.length, violations: machine.violations.length });
