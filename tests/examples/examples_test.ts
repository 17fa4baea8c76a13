import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { elementsOf } from "../report/documents.ts";

/** Runs an example as its first lines say. */
async function run(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...args],
    env: { NO_COLOR: "1" },
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("the notebook runs without any permission and finds no violation", async () => {
  const output = await run(["examples/notebook.ts"]);
  assertStringIncludes(output, "{ writable: false, mapcount: 2 }");
  assertStringIncludes(output, "violations: 0 }");
});

Deno.test("the reports are a page with charts, JUnit with every run, and a trace", async () => {
  await Deno.mkdir("tmp", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "tmp", prefix: "report_" });
  try {
    const file = "scenarios/ksm-merge-kvm.yaml";
    const output = await run(["-R", `-W=${folder}`, "examples/report.ts", file, folder]);
    const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
    assert(elementsOf(await read("report.html")).includes("svg"));
    const cases = elementsOf(await read("report.xml")).filter((name) => name === "testcase");
    const runs = [...output.matchAll(/ (\d+) runs/g)].map(([, count]) => Number(count));
    assert(cases.length >= runs.reduce((sum, count) => sum + count), output);
    assert(JSON.parse(await read("trace.json")).traceEvents.length > 100);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the sweep writes a chart with a line per policy", async () => {
  await Deno.mkdir("tmp", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "tmp", prefix: "sweep_" });
  try {
    const output = await run(["-R", `-W=${folder}`, "examples/sweep.ts", `${folder}/sweep.svg`]);
    const times = output.trim().split("\n").map((line) => line.split(" ").slice(1).map(Number));
    assertEquals(times.map(({ length }) => length), [6, 6, 6]);
    const [legacy, , ideal] = times;
    assert(ideal.every((time, at) => time < legacy[at]), output);
    const svg = await Deno.readTextFile(`${folder}/sweep.svg`);
    assertEquals(elementsOf(svg).filter((name) => name === "polyline").length, 3);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
