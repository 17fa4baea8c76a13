import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { VERSION } from "../../lib/cli/version.ts";
import { makeCommand } from "../../lib/cli/command.ts";
import { runCommandLine } from "../../lib/cli/main.ts";
import { keptStream, run } from "./fake_streams.ts";
import { fixture } from "./processes.ts";

const MPROTECT = fixture("mprotect");

for (
  const [args, message] of [
    [["run"], "Missing argument(s): files"],
    [["rnu", MPROTECT], 'Unknown command "rnu". Did you mean command "run"?'],
    [["run", "--jsn", MPROTECT], 'Unknown option "--jsn". Did you mean "--json"?'],
    [["run", MPROTECT, "-x"], 'Unknown option "-x". Known are --help, --kernel'],
    [["check", MPROTECT, "--kernel=v5.2"], 'Unknown option "--kernel"'],
    [
      ["run", MPROTECT, "--kernel", "v5-serie"],
      'Unknown kernel profile "v5-serie". Did you mean "v5-series"?',
    ],
    [["run", MPROTECT, "--seed", "x"], 'Option "--seed" must be of type "integer"'],
    [["run", MPROTECT, "--seed", "-1"], 'Option "--seed" must be an integer not below 0'],
    [["run", MPROTECT, "--var", "=3"], 'Cannot read variable "=3": expected name=value'],
    [["run", MPROTECT, "--var", "a=[1]"], 'Cannot read the value of variable "a"'],
    [["run", MPROTECT, "--kernel"], "kernel"],
  ] as const
) {
  Deno.test(`the command line refuses: ${args.join(" ")}`, async () => {
    const { code, stdout, stderr } = await run(...args);
    assertEquals({ code, stdout }, { code: 2, stdout: "" });
    assertStringIncludes(stderr, `error: `);
    assertStringIncludes(stderr, message);
  });
}

for (
  const [args, message] of [
    [["--policy", "ideel"], '= Did you mean "ideal"?'],
    [["--var", "pags=3"], 'Unknown variable "pags" given'],
    [
      ["--var", "pages=0"],
      "= Step 1 in line 11 had failed with EINVAL: mmap process=app name=buf size=0 pages",
    ],
  ] as const
) {
  Deno.test(`a scenario refuses: ${args.join(" ")}`, async () => {
    const { code, stdout, stderr } = await run("run", MPROTECT, ...args);
    assertEquals({ code, stdout }, { code: 2, stdout: "" });
    assertStringIncludes(stderr, message);
  });
}

Deno.test("run obeys --kernel, --policy, --seed and --var", async () => {
  const settings = ["--kernel", "v6.1", "--policy", "bold", "--policy", "ideal", "--seed", "5"];
  const { stdout } = await run("run", "--json", MPROTECT, ...settings, "--var", "pages=4");
  const { scenarios: [{ runs }] } = JSON.parse(stdout);
  type Run = { kernel: string; policy: string; seed: number; figures: Record<string, number> };
  assertEquals(
    runs.map(({ kernel, policy, seed, figures }: Run) => [
      kernel,
      policy,
      seed,
      figures["nic.faults"],
    ]),
    [["v6.1", "bold", 5, 4], ["v6.1", "ideal", 5, 4]],
  );
});

Deno.test("compare holds the policies asked for against legacy", async () => {
  const { stdout } = await run("compare", "--json", MPROTECT, "--policy", "bold");
  const { scenarios: [{ kernels }] } = JSON.parse(stdout);
  assertEquals(kernels.map(({ columns }: { columns: string[] }) => columns), [
    ["legacy", "bold"],
    ["legacy", "bold"],
  ]);
});

Deno.test("a rerun repeats seed and variables", async () => {
  const { code, stdout } = await run("run", fixture("failing"), "--var", "pages=4", "--seed", "3");
  assertEquals(code, 1);
  assertStringIncludes(stdout, "--kernel v5.0 --policy legacy --seed 3 --var pages=4\n");
});

Deno.test("a folder stands for the scenarios below it, and a file runs once", async () => {
  const folder = "tests/cli/fixtures";
  const { code, stdout } = await run("check", "--json", `${folder}/`, fixture("failing"));
  assertEquals(code, 2);
  const { files } = JSON.parse(stdout);
  assertEquals(files.map(({ file }: { file: string }) => file), [
    fixture("failing"),
    fixture("misspelled"),
    fixture("mprotect"),
    fixture("unsafe"),
  ]);
});

Deno.test("check tells good files from bad ones", async () => {
  const { code, stdout, stderr } = await run("check", MPROTECT, fixture("misspelled"));
  assertEquals(code, 2);
  assertEquals(stdout, `ok  ${MPROTECT}  6 steps  mprotect below a read-only ODP region\n`);
  assertStringIncludes(stderr, "2 errors in 1 file");
});

Deno.test("--json writes the diagnostics of wrong files as JSON, whatever the command", async () => {
  for (const command of ["run", "compare", "check"]) {
    const { code, stdout, stderr } = await run(command, "--json", fixture("misspelled"));
    const { format, passed, files: [{ diagnostics }] } = JSON.parse(stdout);
    assertEquals([code, format, passed], [2, "mmulab.check/1", false]);
    const { message: _, ...place } = diagnostics[0];
    assertEquals(place, { line: 2, column: 1, length: 8, hint: 'Did you mean "processes"?' });
    assertStringIncludes(stderr, "misspelled.yaml:2:1");
  }
});

Deno.test("a step that cannot be carried out is reported with its place", async () => {
  const file = "tmp/cli_command_test.yaml";
  const source = "name: t\nprocesses: { p: }\nsteps:\n" +
    "  - mmap: { process: p, name: a, size: 1 pages }\n  - write: { range: 'a[0..9]' }\n";
  await Deno.mkdir("tmp", { recursive: true });
  await Deno.writeTextFile(file, source);
  const { code, stdout, stderr } = await run("run", file);
  await Deno.remove(file);
  assertEquals({ code, stdout }, { code: 2, stdout: "" });
  assertStringIncludes(stderr, `${file}:5:`);
  assert(!stderr.includes("    at "), stderr);
});

Deno.test("--version is that of deno.json", async () => {
  const { version } = JSON.parse(await Deno.readTextFile("deno.json"));
  assertEquals(VERSION, version);
  assertEquals(await run("--version"), { code: 0, stdout: `mmulab ${version}\n`, stderr: "" });
});

Deno.test("without a command there is the help, and exit code 2", async () => {
  const { code, stdout } = await run();
  assertEquals(code, 2);
  assertStringIncludes(stdout, "Examples:");
});

Deno.test("the help keeps its words", async (t) => {
  const context = {
    streams: { out: keptStream(), err: keptStream() },
    invocation: "mmulab",
    exitCode: 0,
  };
  const command = makeCommand(context);
  command.getHelp(); // from here on, those of the subcommands name --help
  const words = (help: string) => help.split(/\s+/).filter(Boolean).join(" ");
  for (const name of ["run", "compare", "check"]) {
    const help = command.getCommand(name)?.getHelp({ colors: false, width: 100 }) ?? "";
    await t.assertSnapshot(words(help));
  }
});

Deno.test("the help of a very narrow terminal keeps its words whole", async () => {
  const out = Object.assign(keptStream(true), { width: 20 });
  await runCommandLine([], { streams: { out, err: keptStream() } });
  // deno-lint-ignore no-control-regex
  const lines = out.text.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
  const example = lines.findIndex((line) => line.includes("Run a scenario:"));
  assertStringIncludes(lines.slice(example, example + 2).join(" "), "mmulab run");
});
