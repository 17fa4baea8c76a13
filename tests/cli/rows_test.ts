import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { VOCABULARY } from "../../lib/scenario/builtin_vocabulary.ts";
import { run } from "./fake_streams.ts";
import { onPipes, words } from "./processes.ts";
import { scenario, withFolder } from "./temporary.ts";

/** A file with steps on one process. */
const file = (steps: string, head = "") => `name: t\n${head}processes: { p: }\nsteps:\n${steps}`;
const MAP = "  - mmap: { process: p, name: a, size: 4 pages }\n";

/** Runs a command on a file, with other files beside it. */
async function on(
  text: string,
  args: string[] = [],
  files: Record<string, string> = {},
  command = "run",
) {
  let outcome = { code: -1, stdout: "", stderr: "" };
  await withFolder({ "t.yaml": text, ...files }, async (folder) => {
    const more = args.map((word) => word.replace("FOLDER", folder));
    outcome = await run(command, `${folder}/t.yaml`, ...more);
  });
  return outcome;
}

/** The tests by the name of the row that each stands for. */
const ROWS: Readonly<Record<string, () => Promise<void>>> = {
  "Variables": async () => {
    const text = file(
      '  - mmap: { process: p, name: a, size: "${n} pages" }\n  - write: { range: a }\n',
      "vars: { n: 2 }\n",
    );
    const expecting = (pages: number) => `${text}expect: { p.rss: ${pages} }\n`;
    const values = { "values.json": '{ "n": 5 }' };
    const given = ["--var-from-file", "FOLDER/values.json"];
    const codes = [
      await on(expecting(2)),
      await on(expecting(3), ["--var", "n=3"]),
      await on(expecting(5), given, values),
      await on(expecting(4), [...given, "--var", "n=4"], values),
    ].map(({ code }) => code);
    assertEquals(codes, [0, 0, 0, 0]);
    const kept = `${MAP}    capture: { place: ret }\n  - munmap: { range: a }\n` +
      '  - mmap: { process: p, name: b, size: 1 pages, address: "${place}" }\n' +
      "    expect: { ret: place }\n";
    assertEquals((await on(file(kept))).code, 0);
  },
  "Includes and reuse": async () => {
    const part = "params: { n: 1 }\nsteps:\n" +
      '  - mmap: { process: p, name: a, size: "${n} pages" }\n  - write: { range: a }\n';
    const text = file("  - include: x.part.yaml\n    with: { n: 5 }\n") + "expect: { p.rss: 5 }\n";
    assertEquals((await on(text, [], { "x.part.yaml": part })).code, 0);
  },
  "Loops": async () => {
    const text = file(
      `${MAP}  - for: { var: i, to: 3 }\n    write: { range: "a[\${i}]" }\n` +
        "  - repeat: 2\n    read: { range: a }\n",
    ) + "expect: { p.rss: 3 }\n";
    const { code, stdout } = await on(text, ["--dry-run"]);
    assertEquals([code, stdout.split("write range=a[").length - 1], [0, 3]);
    assertEquals(stdout.split("read range=a").length - 1, 2);
  },
  "Matrix": async () => {
    const text = file(
      '  - mmap: { process: p, name: a, size: "${n} pages" }\n',
      "matrix: { n: [1, 2], zip: { x: [7, 8], y: [9, 10] }, exclude: [{ n: 1, x: 7 }] }\n",
    );
    const { stdout } = await on(text, ["--json"]);
    assertEquals(JSON.parse(stdout).scenarios.map(({ name }: { name: string }) => name), [
      "t [n=1, x=8, y=10]",
      "t [n=2, x=7, y=9]",
      "t [n=2, x=8, y=10]",
    ]);
  },
  "Conditionals": async () => {
    const text = file(
      `${MAP}  - write: { range: a }\n    if: n > 1\n`,
      "vars: { n: 1 }\nkernels: [v5.0, v5.2]\n",
    ) +
      'expect:\n  - when: { kernel: v5.0 }\n    p.rss: "${n > 1 ? 4 : 0}"\n';
    assertEquals((await on(text)).code, 0);
    assertEquals((await on(text, ["--var", "n=2"])).code, 0);
    const cleaned = file(
      `${MAP}  - defer: true\n    munmap: { range: a }\n  - write: { range: a }\n` +
        "    expect: { p.rss: 5 }\n",
    );
    const { code, stdout } = await on(`${cleaned}expect: { p.rss: 0 }\n`);
    assertEquals([code, stdout.split("\nfailed ").length - 1], [1, 1]); // that of the step alone
  },
  "Expectations": async () => {
    const text = file(
      `${MAP}  - write: { range: a }\n` +
        "    expect: { ret: 0, delta: { p.rss: 4 }, pages: { a: { present: true } } }\n" +
        "  - munmap: { range: a }\n" +
        '    expect: { violations: 0, events: { UNMAP: 1 }, sequence: "S UNMAP a · E" }\n',
      "listeners: { g: { kind: kvm, process: p } }\n",
    );
    const compare = (much: string) => `expect: { compare: { g.windows: { legacy: "${much}" } } }\n`;
    assertEquals((await on(text + compare("== ideal"))).code, 0);
    assertEquals((await on(text + compare("> ideal"))).code, 1);
  },
  "Failure context": async () => {
    const { stdout } = await on(file(`${MAP}  - write: { range: a }\n    expect: { p.rss: 5 }\n`));
    for (const part of ["t.yaml:6:15: p.rss: expected 5, got 4", " 6 |     expect: { p.rss: 5 }"]) {
      assertStringIncludes(stdout, part);
    }
    assertMatch(stdout, /after +step 2 of 2: write range=a/);
    assertMatch(stdout, /under +v5.2 \(legacy, followup, ideal\)\n +rerun +mmulab run /);
  },
  "Differences": async () => {
    const text = file(
      `${MAP}  - write: { range: a }\n  - munmap: { range: a }\n` +
        '    expect: { sequence: "S CLEAR a · E" }\n',
      "listeners: { g: { kind: kvm, process: p } }\n",
    );
    const { code, stdout } = await on(text);
    assertEquals(code, 1);
    assertMatch(stdout, /S UNMAP a · E/);
  },
  "Retries": async () => {
    const merging = file(
      `${MAP}  - write: { range: a, value: 7 }\n  - madvise: { range: a, advice: MERGEABLE }\n` +
        "  - ksmd: { full_scans: 1 }\n    until: ksm.pages_sharing == 3\n    repeat: 5\n",
    );
    assertEquals((await on(merging)).code, 0);
    assertEquals((await on(merging.replace("== 3", "== 4"))).code, 1);
    const args = ["run", "--json", "scenarios/compaction-rdma-pinned.yaml", "--seed", "7"];
    const [one, other] = [await run(...args), await run(...args)];
    assertEquals(one.code, 0);
    assertEquals(one, other);
  },
  "Tags and filters": async () => {
    const files = { "b.yaml": scenario("Beta", "ksm, slow"), "c.yaml": scenario("Gamma", "ksm") };
    await withFolder(files, async (folder) => {
      const { stdout } = await run("run", folder, "--tags", "ksm and not slow", "--json");
      assertEquals(JSON.parse(stdout).scenarios.length, 1);
      assertStringIncludes(
        (await run("run", folder, "--tags", "kms")).stderr,
        "tags are ksm, slow",
      );
    });
  },
  "Parallelism": async () => {
    await withFolder(
      { "a.yaml": scenario("A"), "b.yaml": scenario("B", "", 7) },
      async (folder) => {
        assertEquals(await run("run", folder, "--jobs", "2"), await run("run", folder));
      },
    );
  },
  "Sharding": async () => {
    await withFolder({ "a.yaml": scenario("A"), "b.yaml": scenario("B") }, async (folder) => {
      const report = (name: string) => ["--report", `json=${folder}/${name}.json`];
      await run("run", folder, ...report("all"));
      for (const n of ["1", "2"]) await run("run", folder, "--shard", `${n}/2`, ...report(n));
      await run("merge-reports", `${folder}/joined.json`, `${folder}/1.json`, `${folder}/2.json`);
      const text = (name: string) => Deno.readTextFile(`${folder}/${name}.json`);
      assertEquals(await text("joined"), await text("all"));
    });
  },
  "Schema for editors": async () => {
    const { stdout } = await run("schema");
    const schema = await Deno.readTextFile("schema/scenario.schema.json");
    assertEquals(JSON.parse(stdout), JSON.parse(schema));
    for (const { name } of VOCABULARY.operations) assertStringIncludes(stdout, `"${name}"`);
  },
  "Unknown keys": async () => {
    const { code, stderr } = await on(file(MAP, "tgas: [x]\n"));
    assertEquals(code, 2);
    assertStringIncludes(stderr, 't.yaml:2:1: Unknown key "tgas" in a scenario');
    assertStringIncludes(stderr, 'Did you mean "tags"?');
  },
  "Line and column": async () => {
    const { stderr } = await on(
      file("  - write: { range: b }\n  - mmap: { process: q, name: a }\n"),
    );
    assertMatch(stderr, /t\.yaml:4:21: Unknown mapping "b"/);
    assertMatch(stderr, /t\.yaml:5:22: Unknown process "q"/);
  },
  "Dry run": async () => {
    const { code, stdout } = await on(file(MAP), ["--dry-run", "--kernel", "v5.0"]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "mmap process=p name=a size=4 pages");
    assertStringIncludes(stdout, "v5.0");
  },
  "Reports": () =>
    withFolder({ "t.yaml": file(MAP) }, async (folder) => {
      const kinds = ["junit", "tap", "json", "jsonl", "html"];
      const wanted = kinds.flatMap((kind) => ["--report", `${kind}=${folder}/out.${kind}`]);
      assertEquals((await run("run", `${folder}/t.yaml`, ...wanted)).code, 0);
      const [junit, tap, , , html] = kinds.map((kind) =>
        Deno.readTextFileSync(`${folder}/out.${kind}`)
      );
      assertStringIncludes(junit, "<testsuites");
      assertStringIncludes(tap, "TAP version 14");
      assertStringIncludes(html, "<!doctype html>");
      const bad = `${folder}/t.yaml`;
      await Deno.writeTextFile(bad, scenario("Bad", "", 7));
      assertStringIncludes((await run("run", bad, "--report", "github")).stdout, "::error file=");
    }),
  "Watch mode": () =>
    withFolder({ "t.yaml": scenario("One") }, async (folder) => {
      const [command, ...args] = words(["run", "--watch", folder]);
      const process = new Deno.Command(command, { args, stdout: "piped", stderr: "null" }).spawn();
      const found: string[] = [];
      for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
        found.push(...text.match(/One|Two/g) ?? []);
        if (found.at(-1) === "One") {
          // The watch begins after the text is out, but has looked at the file before.
          await Deno.writeTextFile(`${folder}/t.yaml`, scenario("Two"));
        } else if (found.at(-1) === "Two") process.kill("SIGTERM");
      }
      assertEquals(found.slice(0, 2), ["One", "Two"]);
      await process.status;
    }),
  "Exit codes": async () => {
    const expects = (ret: number) => file(`${MAP}    expect: { ret: "!= ${ret}" }\n`);
    const codes = [
      await on(expects(-1)),
      await on(file(`${MAP}    expect: { errno: ENOMEM }\n`)),
      await on("name: t\n"),
      await on(expects(-1), ["--trace-limit", "1"]),
    ].map(({ code }) => code);
    assertEquals(codes, [0, 1, 2, 3]);
  },
  "Step debugging": async () => {
    const script = "step; until guest.faults > 3; back; print guest.faults";
    const { code, stdout } = await onPipes([
      "repl",
      "scenarios/ksm-merge-kvm.yaml",
      "-e",
      script.replaceAll("; ", "\n"),
    ]);
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "guest_write");
  },
  "Repeating failures": () =>
    withFolder({ "a.yaml": scenario("A"), "b.yaml": scenario("B", "", 7) }, async (folder) => {
      const options = { cwd: folder, permissions: ["-R", "-W=.mmulab"] };
      assertEquals((await onPipes(["run", "."], options)).code, 1);
      const { code, stdout } = await onPipes(["run", "--rerun-failed"], options);
      assertEquals(code, 1);
      assertStringIncludes(stdout, "1 scenario, 3 runs: 0 passed, 1 failed");
    }),
  "Profiling": async () => {
    const { stderr } = await on(file(MAP), ["--profile"]);
    assertMatch(stderr, /^profile +virtual +real/);
    assertStringIncludes(stderr, "  1 mmap process=p name=a size=4 pages");
  },
  "Coverage": async () => {
    const text = file(
      `${MAP}  - write: { range: a }\n  - munmap: { range: a }\n`,
      "listeners: { g: { kind: hmm, process: p } }\n",
    );
    const { coverage } = JSON.parse((await on(text, ["--coverage", "--json"])).stdout);
    assertEquals(coverage.events, { UNMAP: 3 });
    assertEquals(coverage.listeners.hmm.UNMAP.windows, 3);
  },
  "Capabilities": async () => {
    const { code, stderr } = await onPipes(["run", "scenarios/ksm-merge-kvm.yaml"], {
      permissions: ["-R=scenarios", "--no-prompt"],
    });
    assertEquals([code, stderr], [0, ""]);
    const refused = await onPipes(["run", "scenarios", "--report", "html=tmp/x.html"], {
      permissions: ["-R=scenarios", "--no-prompt"],
    });
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "Give it --allow-write=tmp/x.html");
  },
};

for (const [name, test] of Object.entries(ROWS)) Deno.test(`row "${name}"`, test);

Deno.test("the page on the runner has a row for each of these tests, and no other", async () => {
  const page = await Deno.readTextFile("docs/runner.md");
  const table = page.slice(page.indexOf("| Feature"));
  const rows = [...table.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, name]) => name).slice(2);
  assertEquals(rows, Object.keys(ROWS));
  assert(rows.length > 20);
});
