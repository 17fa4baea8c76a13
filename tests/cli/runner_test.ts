import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "./fake_streams.ts";
import { fixture, onPipes } from "./processes.ts";
import { scenario, withFolder } from "./temporary.ts";

const FILES = {
  "a.yaml": scenario("Alpha", "ksm, slow"),
  "b.yaml": scenario("Beta", "ksm"),
  "c.yaml": scenario("Gamma", "thp"),
  "deep/d.yaml": scenario("Delta"),
};

/** The names that a run reports, in order. */
async function names(...args: string[]): Promise<string[]> {
  const { stdout, stderr } = await run("run", "--json", ...args);
  assert(stdout.startsWith("{"), stderr);
  return JSON.parse(stdout).scenarios.map(({ name }: { name: string }) => name);
}

Deno.test("run selects by folders and patterns", async () => {
  await withFolder(FILES, async (folder) => {
    assertEquals(await names(folder), ["Alpha", "Beta", "Gamma", "Delta"]);
    assertEquals(await names(`${folder}/[ab].yaml`), ["Alpha", "Beta"]);
    assertEquals(await names(`${folder}/**/*.yaml`), ["Alpha", "Beta", "Gamma", "Delta"]);
    assertEquals(await names(`${folder}/{deep/d,c}.y?ml`), ["Gamma", "Delta"]);
    const { code, stderr } = await run("run", `${folder}/*.json`);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "Cannot find scenarios: no file fits the pattern");
  });
});

Deno.test("run selects by tags and text", async () => {
  await withFolder(FILES, async (folder) => {
    assertEquals(await names(folder, "--tags", "ksm and not slow"), ["Beta"]);
    assertEquals(await names(folder, "--filter", "ELTA"), ["Delta"]);
    assertEquals(await names(folder, "--tags", "not ksm", "--filter", "c.yaml"), ["Gamma"]);
  });
});

Deno.test("run says which tags there are where none is selected", async () => {
  await withFolder(FILES, async (folder) => {
    const { code, stdout, stderr } = await run("run", folder, "--tags", "ksmd");
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr, "error: No scenario is selected of 4; their tags are ksm, slow, thp\n");
  });
});

Deno.test("the shards of a run are the whole, each scenario once", async () => {
  await withFolder(FILES, async (folder) => {
    const shards = await Promise.all(
      [1, 2, 3].map((index) => names(folder, "--shard", `${index}/3`)),
    );
    assertEquals(shards, [["Alpha", "Delta"], ["Beta"], ["Gamma"]]);
    assertEquals((await run("run", folder, "--shard", "6/6")).code, 0);
  });
});

Deno.test("run shuffles by a seed that it prints", async () => {
  await withFolder(FILES, async (folder) => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 8; seed++) {
      const order = await names(folder, `--shuffle=${seed}`);
      assertEquals(await names(folder, `--shuffle=${seed}`), order);
      assertEquals([...order].sort(), ["Alpha", "Beta", "Delta", "Gamma"]);
      orders.add(order.join());
    }
    assert(orders.size > 3);
    const { stdout, stderr } = await run("run", folder, "--shuffle");
    const [again] = /--shuffle=\d+/.exec(stderr) ?? [];
    assertEquals((await run("run", folder, again ?? "")).stdout, stdout);
  });
});

Deno.test("--fail-fast leaves out what comes after a failure", async () => {
  await withFolder({ ...FILES, "b.yaml": scenario("Bad", "", 7) }, async (folder) => {
    assertEquals(await names(folder, "--fail-fast"), ["Alpha", "Bad"]);
    const { code, stderr } = await run("run", folder, "--fail-fast");
    assertEquals([code, stderr], [1, "stopped after the first failure: 2 scenarios left out\n"]);
  });
});

Deno.test("a broken file fails the run and is never skipped", async () => {
  await withFolder({ ...FILES, "z.yaml": "name: Z\nstepz: []\n" }, async (folder) => {
    const { code, stdout } = await run("run", folder, "--tags", "ksm");
    assertEquals([code, stdout], [2, ""]);
  });
});

Deno.test("--dry-run shows the operations and runs none", async (t) => {
  const { code, stdout } = await run("run", "--dry-run", fixture("failing"));
  assertEquals(code, 0);
  await t.assertSnapshot(stdout);
  const { stdout: json } = await run("run", "--dry-run", "--json", fixture("mprotect"));
  const { format, scenarios: [{ steps }] } = JSON.parse(json);
  assertEquals([format, steps[0].operation], ["mmulab.plan/1", "mmap"]);
});

Deno.test("--profile writes a tree of times to stderr and leaves stdout alone", async () => {
  const plain = await run("run", fixture("mprotect"));
  const { stdout, stderr } = await run("run", "--profile", fixture("mprotect"));
  assertEquals(stdout, plain.stdout);
  assertEquals(stderr.split("\n").length, 1 + 1 + 6 + 1);
  assertStringIncludes(stderr, "  1 mmap process=app");
});

Deno.test("a full trace makes a run that passes inconclusive, exit code 3", async () => {
  const { code, stdout } = await run("run", fixture("unsafe"), "--trace-limit", "4096");
  assertEquals([code, stdout.includes("unclear")], [1, false]);
  await withFolder({ "a.yaml": scenario("Alpha") }, async (folder) => {
    const { code, stdout } = await run("run", folder, "--trace-limit", "1");
    assertEquals(code, 3);
    assertStringIncludes(stdout, "unclear  Alpha");
    assertStringIncludes(stdout, "0 passed, 0 failed, 1 unclear because the trace was full");
  });
});

for (
  const [args, message] of [
    [["--tags", "a and"], 'Cannot read tags "a and": expected a tag at the end'],
    [["--shard", "3/2"], 'Cannot read shard "3/2": expected i/n with i from 1 to n'],
    [["--shard", "0/2"], 'Cannot read shard "0/2"'],
    [["--trace-limit", "0"], 'Option "--trace-limit" must be an integer from 1 to'],
    [["--shufle"], 'Unknown option "--shufle". Did you mean "--shuffle"?'],
  ] as const
) {
  Deno.test(`run refuses: ${args.join(" ")}`, async () => {
    const { code, stdout, stderr } = await run("run", fixture("mprotect"), ...args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, message);
  });
}

Deno.test("--rerun-failed runs what failed last, where a record may be written", async () => {
  const files = { "a.yaml": scenario("Good"), "b.yaml": scenario("Bad", "", 7) };
  await withFolder(files, async (folder) => {
    const cwd = `${Deno.cwd()}/${folder}`;
    const start = (write: string[], ...args: string[]) =>
      onPipes(args, { permissions: ["-R", ...write], cwd });
    const none = await start([], "run", "--rerun-failed");
    assertEquals([none.code, none.stdout], [2, ""]);
    assertStringIncludes(none.stderr, "there is no record of a run in .mmulab/failed.json");
    assertStringIncludes(none.stderr, "--allow-write=.mmulab");
    assertEquals((await start([], "run", "a.yaml", "b.yaml")).code, 1);
    assertEquals([...Deno.readDirSync(folder)].length, 2);
    const write = ["--allow-write=.mmulab"];
    assertEquals((await start(write, "run", "a.yaml", "b.yaml")).code, 1);
    const again = await start(write, "run", "--rerun-failed");
    assertStringIncludes(again.stdout, "1 scenario, 3 runs: 0 passed, 1 failed");
    await Deno.writeTextFile(`${folder}/b.yaml`, files["a.yaml"]);
    assertEquals((await start(write, "run", "--rerun-failed")).code, 0);
    const nothing = await start(write, "run", "--rerun-failed");
    assertEquals([nothing.code, nothing.stdout], [0, "Nothing failed in the last run\n"]);
    await Deno.writeTextFile(`${folder}/.mmulab/failed.json`, "{");
    assertStringIncludes((await start(write, "run", "--rerun-failed")).stderr, "is damaged");
  });
});
