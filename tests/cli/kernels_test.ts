import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "./fake_streams.ts";
import { withFolder } from "./temporary.ts";

/** A scenario that holds under v5.2 alone, if at all: v5.0 has no events. */
function scenario(name: string, kernels: string): string {
  return `name: ${name}\n${kernels}processes: { p: {} }\nlisteners: { g: { kind: odp, process: p } }\n` +
    "steps:\n  - mmap: { process: p, name: a, size: 2 pages }\n" +
    "  - write: { range: a }\n  - mprotect: { range: a, prot: r }\n";
}

const FAILS = "    expect: { events: { PROTECTION_VMA: 1 } }\n";
const FILES = {
  "any.yaml": scenario("Any", ""),
  "both.yaml": scenario("Both", "kernels: [v5.2, v6.1]\n"),
  "new.yaml": scenario("New", "kernel: v5.2\n") + FAILS,
};

/** What a run says of each scenario: the kernels it ran under, or why it did not run. */
async function told(command: string, ...args: string[]): Promise<[number, unknown]> {
  const { code, stdout, stderr } = await run(command, "--json", ...args);
  assert(stdout.startsWith("{"), stderr);
  const told = JSON.parse(stdout).scenarios.map((
    { name, skipped, runs = [], kernels = [] }: {
      name: string;
      skipped?: string;
      runs?: { kernel: string }[];
      kernels?: { kernel: string }[];
    },
  ) => [name, skipped ?? [...new Set([...runs, ...kernels].map(({ kernel }) => kernel))].join()]);
  return [code, Object.fromEntries(told)];
}

for (const command of ["run", "compare"]) {
  for (
    const [kernels, expected] of [
      [[], { Any: "v5.2", Both: "v5.2,v6.1", New: "v5.2" }],
      [["v6.1"], { Any: "v6.1", Both: "v6.1", New: "names only v5.2" }],
      [["v5.0"], { Any: "v5.0", Both: "names only v5.2, v6.1", New: "names only v5.2" }],
      [["v5.0", "v5.2"], { Any: "v5.0,v5.2", Both: "v5.2", New: "v5.2" }],
    ] as const
  ) {
    const asked = kernels.flatMap((kernel) => ["--kernel", kernel]);
    Deno.test(`${command} of a folder under ${kernels.join() || "no kernel asked for"}`, async () => {
      await withFolder(FILES, async (folder) => {
        assertEquals(await told(command, folder, ...asked), [0, expected]);
        const pattern = `${folder}/*.yaml`;
        assertEquals(await told(command, pattern, ...asked), [0, expected]);
      });
    });
  }

  Deno.test(`${command} of a file that is named does what is asked for`, async () => {
    await withFolder(FILES, async (folder) => {
      const file = `${folder}/new.yaml`;
      assertEquals(await told(command, file, "--kernel", "v5.0"), [1, { New: "v5.0" }]);
      const [code, all] = await told(command, folder, file, "--kernel", "v5.0");
      assertEquals([code, all], [1, { Any: "v5.0", Both: "names only v5.2, v6.1", New: "v5.0" }]);
    });
  });
}

for (const command of ["run", "compare", "events", "mutate"]) {
  Deno.test(`${command} has nothing to do where no scenario names the kernel`, async () => {
    await withFolder({ "new.yaml": FILES["new.yaml"] }, async (folder) => {
      const { code, stdout, stderr } = await run(command, folder, "--kernel", "v5.0");
      assertEquals([code, stdout], [2, ""]);
      assertEquals(
        stderr,
        "error: No scenario of 1 names v5.0; their kernels are v5.2. " +
          "A file that is named itself runs under any kernel\n",
      );
    });
  });
}

for (const command of ["events", "mutate"]) {
  const one = command === "mutate" ? ["--fault", "skip_end"] : [];

  Deno.test(`${command} of a folder skips what does not name the kernel, and says so`, async () => {
    await withFolder(FILES, async (folder) => {
      const args = [command, folder, ...one, "--kernel", "v5.0"];
      const { stdout } = await run(...args);
      assertStringIncludes(stdout, `  ${folder}/both.yaml: names only v5.2, v6.1\n`);
      assertStringIncludes(stdout, `  ${folder}/new.yaml: names only v5.2\n`);
      const { skipped } = JSON.parse((await run(...args, "--json")).stdout);
      assertEquals(skipped, [
        { file: `${folder}/both.yaml`, name: "Both", reason: "names only v5.2, v6.1" },
        { file: `${folder}/new.yaml`, name: "New", reason: "names only v5.2" },
      ]);
      const named = await run(command, `${folder}/both.yaml`, ...one, "--kernel", "v5.0", "--json");
      assertEquals(JSON.parse(named.stdout).skipped, []);
    });
  });
}

Deno.test("mutate runs under the kernels that are asked for", async () => {
  await withFolder({ "new.yaml": FILES["new.yaml"] }, async (folder) => {
    const args = ["mutate", `${folder}/new.yaml`, "--fault", "skip_end", "--json"];
    const failing = async (...kernels: string[]) => {
      const { stdout } = await run(...args, ...kernels.flatMap((kernel) => ["--kernel", kernel]));
      return JSON.parse(stdout).failing;
    };
    assertEquals(await failing(), []);
    assertEquals(await failing("v6.1"), []);
    assertEquals(await failing("v6.1", "v5.0"), [`${folder}/new.yaml`]);
  });
});

Deno.test("threads skip as well", async () => {
  await withFolder(FILES, async (folder) => {
    const one = await run("run", folder, "--kernel", "v5.0");
    assertEquals(await run("run", folder, "--kernel", "v5.0", "--jobs", "2"), one);
    assertStringIncludes(one.stdout, "3 scenarios, 3 runs: 1 passed, 0 failed, 2 skipped");
  });
});

Deno.test("every report says what was skipped, and why", async () => {
  await withFolder(FILES, async (folder) => {
    const kinds = { junit: "xml", tap: "tap", json: "json", jsonl: "jsonl", html: "html" };
    const reports = Object.entries(kinds).flatMap((
      [kind, end],
    ) => ["--report", `${kind}=${folder}/out.${end}`]);
    const args = [folder, "--kernel", "v6.1", ...reports, "--report", "github"];
    const { code, stdout } = await run("run", ...args);
    assertEquals(code, 0);
    const read = (end: string) => Deno.readTextFileSync(`${folder}/out.${end}`);
    assertStringIncludes(
      stdout,
      `::notice file=${folder}/new.yaml,title=New::Skipped: names only v5.2`,
    );
    assertStringIncludes(read("xml"), '<skipped message="Skipped: names only v5.2"/>');
    assertStringIncludes(read("tap"), "ok 7 - New: not run # SKIP names only v5.2");
    assertStringIncludes(read("html"), '<span class="inconclusive">1 skipped</span>');
    assertStringIncludes(read("html"), "<p>Skipped: names only v5.2</p>");
    for (const end of ["json", "jsonl"]) {
      assertStringIncludes(read(end).replaceAll(": ", ":"), '"reason":"names only v5.2"');
    }
    const joined = await run("merge-reports", `${folder}/all.tap`, `${folder}/out.json`);
    assertEquals(joined.code, 0, joined.stderr);
    assertEquals(read("tap"), Deno.readTextFileSync(`${folder}/all.tap`));
  });
});
