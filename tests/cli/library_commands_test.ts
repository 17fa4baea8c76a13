import { assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "./fake_streams.ts";
import { fixture } from "./processes.ts";

const KSM = "scenarios/ksm-merge-kvm.yaml";

Deno.test("list shows names, tags, kernels and steps", async () => {
  const { code, stdout } = await run("list", KSM);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "KSM merge on a KVM guest  8 steps  v5-series, v5.2");
  assertStringIncludes(stdout, "ksm, kvm, change_pte");
  assertStringIncludes(stdout, "1 scenario\n");
});

Deno.test("list selects by tags, and writes JSON", async () => {
  const args = ["list", "--json", "scenarios", "--tags", "ksm or soft_dirty"];
  const { format, scenarios } = JSON.parse((await run(...args)).stdout);
  assertEquals(format, "mmulab.list/1");
  const found = scenarios.filter(({ tags }: { tags: string[] }) => tags.length > 0);
  assertEquals(found.length, scenarios.length);
  const ksm = scenarios.find(({ file }: { file: string }) => file === KSM);
  assertEquals([ksm.steps, ksm.tags], [8, ["ksm", "kvm", "change_pte"]]);
});

Deno.test("show says in plain words what a scenario does", async (t) => {
  const { code, stdout } = await run("show", fixture("failing"));
  assertEquals(code, 0);
  await t.assertSnapshot(stdout);
});

Deno.test("list and show report a broken file", async () => {
  for (const command of ["list", "show"]) {
    const { code, stdout, stderr } = await run(command, fixture("misspelled"));
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, "misspelled.yaml:2:1");
  }
});

Deno.test("schema writes the schema that is in the package", async () => {
  const { code, stdout } = await run("schema");
  assertEquals(code, 0);
  assertEquals(stdout, await Deno.readTextFile("schema/scenario.schema.json"));
});
