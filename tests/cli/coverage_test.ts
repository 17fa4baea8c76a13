import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { joinCoverage } from "../../lib/compare/coverage.ts";
import { CALL_SITES } from "../../lib/notifier/range.ts";
import { run } from "./fake_streams.ts";
import { fixture } from "./processes.ts";
import { withFolder } from "./temporary.ts";

const KSM = "scenarios/ksm-merge-kvm.yaml";

async function coverage(...args: string[]) {
  const { stdout, stderr } = await run("run", "--coverage", "--json", ...args);
  assert(stdout.startsWith("{"), stderr);
  return JSON.parse(stdout).coverage;
}

Deno.test("--coverage counts windows by call site, event and kind of listener", async () => {
  const { sites, events, listeners } = await coverage(
    fixture("mprotect"),
    ...["--kernel", "v5.2", "--policy", "legacy"],
  );
  assertEquals(sites, { "9": 1 }); // one mprotect
  assertEquals(events, { PROTECTION_VMA: 1 });
  assertEquals(listeners, { odp: { PROTECTION_VMA: { windows: 1, acted: 1 } } });
});

Deno.test("--coverage knows the settings of the switches that the kernel asked for", async () => {
  const of = async (kernel: string) => (await coverage(KSM, "--kernel", kernel)).switches;
  const [before, after] = [await of("v5.2"), await of("v5-series")];
  assertEquals([before.changePteFlag, after.changePteFlag], [["false"], ["true"]]);
  assertEquals((await coverage(KSM)).switches.changePteFlag, ["false", "true"]);
  assertEquals(before.thpCow, undefined); // no huge page is written
});

Deno.test("--coverage writes a table after the results, and changes none of them", async () => {
  const { stdout } = await run("run", KSM, "--coverage");
  const plain = await run("run", KSM);
  assert(stdout.startsWith(plain.stdout));
  const lines = stdout.slice(plain.stdout.length).split("\n");
  for (
    const line of [
      /^ {2}#12 {2}replace_page +CLEAR +\d+ windows$/,
      new RegExp(`^ {2}\\d+ of ${CALL_SITES.length} reached$`),
      /^ {2}not reached: #1 copy_page_range, /,
      /^ {2}kvm +\d+\/\d+ +\d+\/\d+ +- /,
      /^ {2}no window: PROTECTION_VMA, /,
      /^ {2}no listener: odp, pinned_mr, /,
      /^ {2}switches not asked for: /,
    ]
  ) assert(lines.some((one) => line.test(one)), `${line} in\n${lines.join("\n")}`);
});

Deno.test("--coverage is the same on several threads", async () => {
  const files = [KSM, fixture("mprotect"), fixture("unsafe")];
  assertEquals(await coverage(...files, "--jobs", "2"), await coverage(...files));
});

Deno.test("--coverage leaves traces as they are", async () => {
  await withFolder({}, async (folder) => {
    const traced = async (name: string, ...more: string[]) => {
      const trace = `perfetto=${folder}/${name}`;
      assertEquals((await run("run", KSM, "--trace", trace, ...more)).code, 0);
      return await Deno.readTextFile(`${folder}/${name}`);
    };
    assertEquals(await traced("a.json", "--coverage"), await traced("b.json"));
  });
});

Deno.test("the coverage of all shards together is that of the whole", async () => {
  await withFolder({}, async (folder) => {
    const files = [KSM, fixture("mprotect"), fixture("unsafe")];
    const report = (name: string) => `json=${folder}/${name}`;
    await run("run", ...files, "--coverage", "--report", report("all.json"));
    for (const index of [1, 2]) {
      const shard = ["--shard", `${index}/2`, "--report", report(`${index}.json`)];
      await run("run", ...files, "--coverage", ...shard);
    }
    const parts = [`${folder}/2.json`, `${folder}/1.json`];
    await run("merge-reports", report("joined.json"), ...parts);
    const [all, joined] = await Promise.all(
      ["all", "joined"].map((name) => Deno.readTextFile(`${folder}/${name}.json`)),
    );
    assertStringIncludes(all, '"coverage"');
    assertEquals(joined, all);
  });
});

Deno.test("joinCoverage() gives the same text whatever the order", () => {
  const part = (kind: string, event: string, setting: string) => ({
    sites: { 3: 1 },
    events: { [event]: 1 },
    listeners: { [kind]: { [event]: { windows: 2, acted: 1 } } },
    switches: { thpCow: [setting] },
  });
  const parts = [part("odp", "CLEAR", "split"), part("kvm", "UNMAP", "copy")];
  const [one, other] = [joinCoverage(parts), joinCoverage(parts.toReversed())];
  assertEquals(JSON.stringify(one), JSON.stringify(other));
  assertEquals(one.switches.thpCow, ["copy", "split"]);
  assertEquals(Object.keys(one.events), ["UNMAP", "CLEAR"]);
});
