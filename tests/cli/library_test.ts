import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fixture, onPipes } from "./processes.ts";
import { run } from "./fake_streams.ts";
import { scenario, withFolder } from "./temporary.ts";

const KSM = "scenarios/ksm-merge-kvm.yaml";

Deno.test("events tells who consumes what and which call sites were reached", async () => {
  const { code, stdout, stderr } = await onPipes(["events", KSM]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /CLEAR +legacy +32 +17/);
  assertMatch(stdout, /SOFT_DIRTY +legacy +nobody\n +followup +nobody\n +ideal +kvm/);
  assertStringIncludes(stdout, "#11  write_protect_page");
  assertMatch(stdout, /of 29 reached/);
});

Deno.test("events --json names rows, consumers and all call sites", async () => {
  const { code, stdout } = await onPipes(["events", KSM, "--json"]);
  const { format, rows, sites, consumers } = JSON.parse(stdout);
  assertEquals([code, format, sites.length], [0, "mmulab.events/1", 29]);
  const ideal = rows.find((row: { policy: string }) => row.policy === "ideal");
  assert(ideal.entries_saved > 0 && ideal.time_saved_ns > 0);
  assertEquals(consumers.length, 7);
});

Deno.test("events writes a heat map only where it may", async () => {
  const file = "tmp/events_test.svg";
  const args = ["events", KSM, "--svg", file];
  await Deno.mkdir("tmp", { recursive: true });
  const refused = await onPipes(args, { permissions: ["-R", "--no-prompt"] });
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.stderr, `Give it --allow-write=${file}`);
  const { code } = await onPipes(args, { permissions: ["-R", "--allow-write=tmp"] });
  assertEquals(code, 0);
  const svg = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
  assert(svg.startsWith("<svg") && svg.endsWith("</svg>\n"));
  assert(!/<script|https?:(?!\/\/www\.w3\.org)/.test(svg));
});

Deno.test("mutate shows which mistakes are noticed, and holes", async () => {
  const { code, stdout } = await onPipes(["mutate", KSM, "--fault", "skip_end"]);
  assertEquals(code, 0);
  assertStringIncludes(stdout, "3 of 3 fault and site pairs noticed (100%)");
  const blind = await onPipes(["mutate", fixture("mprotect"), "--fault", "leak_pin", "--json"]);
  const { format, unreached } = JSON.parse(blind.stdout);
  assertEquals([format, unreached], ["mmulab.mutate/1", ["leak_pin"]]);
});

Deno.test("mutate asks back about a fault that it does not know", async () => {
  const { code, stderr } = await onPipes(["mutate", "--fault", "skip_ent"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'Unknown fault "skip_ent". Did you mean "skip_end"?');
});

Deno.test("events says where a step stands that cannot be carried out", async () => {
  const text =
    "name: t\nprocesses: { p: {} }\nlisteners: { g: { kind: kvm, process: p } }\nsteps:\n" +
    "  - mmap: { process: p, name: a, size: 2 pages }\n  - read: { range: 'a[7]' }\n";
  await withFolder({ "a.yaml": scenario("A"), "b.yaml": text }, async (folder) => {
    const { code, stdout, stderr } = await run("events", folder);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, `${folder}/b.yaml:6:5: Cannot use pages 7 to 8 of mapping "a"`);
    const json = await run("events", folder, "--json");
    assertEquals(JSON.parse(json.stdout).files[0].file, `${folder}/b.yaml`);
  });
});
