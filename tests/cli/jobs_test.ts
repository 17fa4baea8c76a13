import { assertEquals, assertStringIncludes } from "@std/assert";
import { carryOut, newWork } from "../../lib/cli/jobs.ts";
import { run } from "./fake_streams.ts";
import { fixture, onPipes } from "./processes.ts";
import { scenario, withFolder } from "./temporary.ts";

const FILES = {
  "a.yaml": scenario("Alpha"),
  "b.yaml": scenario("Beta", "", 7),
  "c.yaml": scenario("Gamma"),
  "d.yaml": scenario("Delta", "", 7),
  "e.yaml": scenario("Epsilon"),
};

for (const flags of [[], ["--json"], ["--fail-fast"], ["--shuffle=2"], ["--var", "x=1"]]) {
  Deno.test(`--jobs changes nothing of the output: ${flags.join(" ") || "plain"}`, async () => {
    await withFolder(FILES, async (folder) => {
      const one = await run("run", folder, ...flags);
      assertEquals(await run("run", folder, "--jobs", "3", ...flags), one);
    });
  });
}

Deno.test("--jobs changes nothing of reports and traces", async () => {
  await withFolder(FILES, async (folder) => {
    const outputs = [];
    for (const jobs of ["1", "2"]) {
      const file = `${folder}/out`;
      const wanted = ["--report", `json=${file}.json`, "--trace", `perfetto=${file}.trace`];
      const files = [fixture("mprotect"), fixture("unsafe")];
      await run("run", ...files, "--jobs", jobs, ...wanted);
      outputs.push(["json", "trace"].map((end) => Deno.readTextFileSync(`${file}.${end}`)));
    }
    assertEquals(outputs[0], outputs[1]);
  });
});

Deno.test("--jobs runs scenarios in which others act meanwhile", async () => {
  const during = `name: meanwhile
processes: { p: {} }
listeners: { m: { kind: hmm, process: p } }
steps:
  - mmap: { process: p, name: a, size: 1 page }
  - fill: { range: a }
  - madvise: { range: a, advice: DONTNEED }
    during: { at: window_open, do: [{ wait: { time: 1 us } }] }
`;
  await withFolder({ ...FILES, "f.yaml": during }, async (folder) => {
    assertEquals(await run("run", folder, "--jobs", "2"), await run("run", folder));
  });
});

Deno.test("--jobs needs no more than the permission to read", async () => {
  const args = ["run", fixture("mprotect"), fixture("failing")];
  const one = await onPipes(args);
  assertEquals(await onPipes([...args, "--jobs", "2"]), one);
});

Deno.test("a step that cannot be carried out is reported from a thread as well", async () => {
  const broken = "name: t\nprocesses: { p: }\nsteps:\n" +
    "  - mmap: { process: p, name: a, size: 1 pages }\n  - write: { range: 'a[0..9]' }\n";
  await withFolder({ ...FILES, "z.yaml": broken }, async (folder) => {
    const one = await run("run", folder);
    const two = await run("run", folder, "--jobs", "2");
    assertEquals(two, one);
    assertEquals(two.code, 2);
    assertStringIncludes(two.stderr, "z.yaml:5:");
  });
});

Deno.test("jobs are taken once each, the longest first, by all threads together", () => {
  const jobs = ["a", "b", "c", "d"].map((file) => ({ file, text: "", cell: 0, kernels: [] }));
  const request = { policies: [] };
  const work = newWork({ jobs, weights: [1, 5, 2, 5], variables: [], request, failFast: false });
  const outcome = { problem: { file: "", diagnostics: [] } };
  const taken: string[] = [];
  const threads = ["one", "two"].map((name) =>
    carryOut(work, (index) => {
      taken.push(`${name} ${index}`);
      return outcome;
    })
  );
  for (let turn = 0; turn < 6; turn++) threads[turn % 2].next();
  assertEquals(taken, ["one 1", "two 3", "one 2", "two 0"]);
});

Deno.test("--jobs must be a number of threads", async () => {
  const { code, stderr } = await run("run", fixture("mprotect"), "--jobs", "0");
  assertEquals(code, 2);
  assertStringIncludes(stderr, 'Option "--jobs" must be an integer from 1 to 64, got "0"');
});
