import { assert, assertEquals, assertMatch } from "@std/assert";
import { run } from "./fake_streams.ts";
import { withFolder } from "./temporary.ts";

const FILES = {
  "vars.yaml": "pause: 30 ms\n",
  "a b.yaml": `name: t
kernels: [v5.2, v6.1]
vars: { n: 1, pause: 20 ms }
matrix: { pages: [1, 2], word: [one, "it's"] }
processes: { p: {} }
listeners: { guest: { kind: kvm, process: p } }
steps:
  - mmap: { process: p, name: ram, size: "\${pages} pages" }
  - write: { range: ram }
    expect: { ret: "\${n}" }
  - wait: { time: "\${pause}" }
expect:
  compare: { guest.windows: { legacy: "\${pages - 1}" } }
  compare_kernels: { guest.windows: { v6.1: "> v5.2", v5.0: "> v6.1" } }
  sometimes: { guest.windows: 99 }
`,
};

interface Failed {
  readonly message: string;
  readonly rerun: string;
  readonly over?: string;
}

/** Every failure of a run, with the number of runs. */
async function failuresOf(args: readonly string[]) {
  const { code, stdout, stderr } = await run("run", "--json", ...args);
  assert(stdout.startsWith("{"), stderr);
  assertEquals(code, 1);
  const { scenarios } = JSON.parse(stdout);
  const runs = scenarios.flatMap((one: { runs: { failures: Failed[] }[] }) => one.runs);
  const all = [...runs, ...scenarios.flatMap((one: { comparisons: unknown[] }) => one.comparisons)];
  const failures: Failed[] = all.flatMap((one: { failures: Failed[] }) => one.failures);
  return { runs: runs.length, failures, seeds: runs.map((one: { seed: number }) => one.seed) };
}

/** The words of a command as a shell reads them, after the word `run`. */
function wordsOf(command: string): string[] {
  const words = [...command.matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)].map(([word]) =>
    word.replace(/'([^']*)'|\\'/g, (_, inner: string | undefined) => inner ?? "'")
  );
  return words.slice(words.indexOf("run") + 1).filter((word) => word !== "-R" && word !== "cli.ts");
}

for (
  const options of [
    [],
    ["--seed", "7", "--var", "n=2"],
    ["--kernel", "v5.0", "--kernel", "v6.1"],
    ["--policy", "ideal", "--policy", "legacy"],
  ]
) {
  Deno.test(`the command of each failure repeats it after run ${options.join(" ")}`, async () => {
    await withFolder(FILES, async (folder) => {
      const given = [`${folder}/a b.yaml`, ...options, "--var-from-file", `${folder}/vars.yaml`];
      const { failures } = await failuresOf(given);
      const commands = new Map(failures.map((failure) => [failure.rerun, failure]));
      assert(commands.size > 4);
      for (const [command, { message, over }] of commands) {
        const again = await failuresOf(wordsOf(command));
        assert(again.failures.some((one) => one.message === message), command);
        const isOne = command.includes("--policy") && command.includes("--kernel");
        if (isOne && over === undefined) assertEquals(again.runs, 1, command);
        if (options.includes("--seed")) assertEquals(new Set(again.seeds), new Set([7]));
      }
    });
  });
}

Deno.test("a failure after a full trace says so, and its rerun has the same limit", async () => {
  const text = FILES["a b.yaml"].replace("ret: ", "events: { windows: 3 }, ret: ");
  await withFolder({ "a.yaml": text }, async (folder) => {
    const { stdout } = await run("run", `${folder}/a.yaml`, "--trace-limit", "2");
    assertMatch(
      stdout,
      /\n +trace {2}it was full and lost \d+ records: --trace-limit keeps more\n/,
    );
    for (const [command] of stdout.matchAll(/mmulab run .*/g)) {
      assertMatch(command, / --trace-limit 2$/);
    }
  });
});
