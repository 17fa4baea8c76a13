import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "./fake_streams.ts";
import { fixture, onPipes } from "./processes.ts";
import { scenario, withFolder } from "./temporary.ts";

const FILES = {
  "s/a.yaml": scenario("Alpha", "ksm"),
  "s/b.yaml": scenario("Beta", "", 7),
  "s/c.yaml": scenario("Gamma"),
  "s/d.yaml": scenario("Delta"),
};

Deno.test("run writes any number of reports at once", async () => {
  await withFolder(FILES, async (folder) => {
    const kinds = ["junit", "tap", "json", "jsonl", "html"];
    const reports = kinds.flatMap((kind) => ["--report", `${kind}=${folder}/out.${kind}`]);
    const plain = await run("run", `${folder}/s`);
    const { code, stdout, stderr } = await run(
      "run",
      `${folder}/s`,
      ...reports,
      "--report",
      "github",
    );
    assertEquals([code, stderr], [1, ""]);
    assert(stdout.startsWith(plain.stdout));
    assertStringIncludes(
      stdout.slice(plain.stdout.length),
      `::error file=${folder}/s/b.yaml,line=`,
    );
    for (const kind of kinds) {
      assertStringIncludes(Deno.readTextFileSync(`${folder}/out.${kind}`), "Gamma");
    }
  });
});

for (const kind of ["json", "junit", "html", "jsonl", "tap"]) {
  Deno.test(`the shards of a run, joined, equal the run: ${kind}`, async () => {
    await withFolder(FILES, async (folder) => {
      const whole = `${folder}/whole`;
      const order = "--shuffle=3";
      await run("run", `${folder}/s`, order, "--report", `${kind}=${whole}`);
      const shards = [];
      for (const index of [3, 1, 2]) {
        const file = `${folder}/${index}.json`;
        const part = [
          "--shard",
          `${index}/3`,
          "--report",
          `${index < 3 ? "json" : "jsonl"}=${file}`,
        ];
        await run("run", `${folder}/s`, order, ...part);
        shards.push(file);
      }
      const { code, stderr } = await run("merge-reports", `${kind}=${folder}/joined`, ...shards);
      assertEquals([code, stderr], [1, ""]);
      assertEquals(Deno.readTextFileSync(`${folder}/joined`), Deno.readTextFileSync(whole));
    });
  });
}

Deno.test("merge-reports writes JSON to the output, and takes the kind from the file", async () => {
  await withFolder(FILES, async (folder) => {
    const whole = `${folder}/whole.json`;
    await run("run", `${folder}/s/a.yaml`, "--report", `json=${whole}`);
    const { code, stdout } = await run("merge-reports", "-", whole);
    assertEquals([code, stdout], [0, Deno.readTextFileSync(whole)]);
    assertEquals((await run("merge-reports", `${folder}/x.xml`, whole)).code, 0);
    assertStringIncludes(Deno.readTextFileSync(`${folder}/x.xml`), "<testsuites");
  });
});

Deno.test("merge-reports says which shard is missing and which file is none", async () => {
  await withFolder({ ...FILES, "x.json": "{}" }, async (folder) => {
    const one = `${folder}/1.json`;
    await run("run", `${folder}/s`, "--shard", "1/2", "--report", `json=${one}`);
    for (
      const [args, message] of [
        [["-", one], "missing shard 2/2"],
        [["-", `${folder}/x.json`], "x.json: Cannot read a report: expected mmulab.report/1"],
        [["-", `${folder}/gone.json`], 'gone.json": no such file'],
        [["out.txt", one], "Cannot tell what to write"],
        [["junt=x", one], 'Unknown kind "junt" of report. Did you mean "junit"?'],
      ] as const
    ) {
      const { code, stdout, stderr } = await run("merge-reports", ...args);
      assertEquals([code, stdout], [2, ""]);
      assertStringIncludes(stderr, message);
    }
  });
});

Deno.test("a report that may not be written is refused before anything runs", async () => {
  const report = ["--report", "html=tmp/never.html"];
  const { code, stdout, stderr } = await onPipes(["run", fixture("mprotect"), ...report]);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(
    stderr,
    'error: Cannot write "tmp/never.html": Deno was not allowed to. Give it --allow-write=tmp/never.html\n',
  );
});

for (
  const [args, message] of [
    [["--report", "juint=x"], 'Unknown kind "juint" of --report. Did you mean "junit"?'],
    [["--report", "junit"], "Missing file of --report junit: write --report junit=FILE"],
    [["--report", "github=x"], "Cannot write --report github to a file"],
    [
      ["--report", "github", "--json"],
      "Cannot write --json and --report github to the same output",
    ],
    [["--report", "tap=tmp/a", "--report", "json=tmp/a"], 'Cannot write "tmp/a" twice'],
    [["--report", "tap=tmp/no/such/folder"], "no such folder"],
  ] as const
) {
  Deno.test(`run refuses: ${args.join(" ")}`, async () => {
    const { code, stderr } = await run("run", fixture("mprotect"), ...args);
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
  });
}

Deno.test("run writes traces, and says where it may not", async () => {
  await withFolder(FILES, async (folder) => {
    const formats = ["perfetto", "ftrace", "jsonl"];
    const traces = formats.flatMap((format) => ["--trace", `${format}=${folder}/${format}`]);
    const policy = ["--policy", "ideal"];
    const { code, stderr } = await run("run", fixture("mprotect"), ...policy, ...traces);
    assertEquals([code, stderr], [0, ""]);
    const { traceEvents } = JSON.parse(Deno.readTextFileSync(`${folder}/perfetto`));
    assert(traceEvents.length > 20);
    assertStringIncludes(Deno.readTextFileSync(`${folder}/ftrace`), "# tracer: nop");
    assertStringIncludes(Deno.readTextFileSync(`${folder}/jsonl`), '"policy":"ideal"');
  });
  const { code, stderr } = await run("run", fixture("mprotect"), "--trace", "perfeto=x");
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'Unknown kind "perfeto" of --trace. Did you mean "perfetto"?');
});
