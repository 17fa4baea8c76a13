import { assertEquals } from "@std/assert";
import { checkComparison } from "../../lib/machine/expect_compare.ts";
import { runProgram } from "../../lib/machine/run.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";

const KSM = `name: KSM merge on a KVM guest
kernel: v5-series
machine: { memory: 64 MiB, seed: 1 }
vars: { pages: 16 }
processes: { qemu: {} }
listeners:
  guest: { kind: kvm, process: qemu }
steps:
  - mmap: { process: qemu, name: ram, size: "\${pages} pages", prot: rw }
  - memslot: { listener: guest, gpa: 0, range: ram }
  - guest_write: { listener: guest, range: ram, fill: same }
    expect:
      delta: { guest.faults: "\${pages}" }
      pages: { ram: { present: true, frames: "\${pages}", device: { guest: rw } } }
  - madvise: { range: ram, advice: MERGEABLE }
  - ksmd: { full_scans: 2 }
    expect:
      - ksm: { pages_shared: 1, pages_sharing: "\${pages - 1}" }
        pages: { ram: { ksm: true, frames: 1, writable: false } }
      - when: { policy: followup }
        pages: { ram: { device: { guest: ro } } }
      - when: { policy: legacy }
        pages: { ram: { device: { guest: none } } }
  - guest_read: { listener: guest, range: ram }
expect:
  compare:
    guest.faults: { legacy: "> followup", followup: "\${pages}" }
`;

Deno.test("a scenario runs, and its expectations hold under each policy", () => {
  const program = parseScenario(KSM);
  for (const policy of ["legacy", "followup", "ideal"]) {
    const { failures } = runProgram(program, { policy });
    assertEquals(failures.map(({ message }) => message), [], policy);
  }
});

Deno.test("a scenario's comparison holds over runs under several policies", () => {
  const program = parseScenario(KSM);
  const runs = ["legacy", "followup"].map((policy) => runProgram(program, { policy }));
  const table = (figure: string, column: string) =>
    runs.find(({ policy }) => policy === column)?.figures[figure];
  assertEquals(checkComparison(program.compare, table, program.kernel), []);
});

Deno.test("an expectation that does not hold names its place in the file", () => {
  const program = parseScenario(KSM.replace("pages_shared: 1", "pages_shared: 2"), {
    file: "ksm.yaml",
  });
  const [failure] = runProgram(program, { policy: "legacy" }).failures;
  assertEquals(failure.message, "ksm.pages_shared: expected 2, got 1");
  assertEquals(failure.position, { file: "ksm.yaml", line: 18, column: 16 });
});

Deno.test("a policy of the scenario's own can be run", () => {
  const own = "policies: { mine: { base: followup } }\n";
  const program = parseScenario(KSM.replace("processes:", `${own}processes:`));
  const { figures } = runProgram(program, { policy: "mine" });
  assertEquals(figures["guest.faults"], 16);
});
