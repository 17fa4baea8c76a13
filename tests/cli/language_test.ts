import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "./fake_streams.ts";
import { withFolder } from "./temporary.ts";

const MATRIX = `name: Sizes
matrix: { pages: [2, 3] }
processes: { p: }
steps:
  - mmap: { process: p, name: a, size: "\${pages} pages" }
  - write: { range: a }
expect: { p.rss: 2 }
`;

Deno.test("each cell of a matrix is a scenario in list, check, show and the plan", async () => {
  await withFolder({ "m.yaml": MATRIX }, async (folder) => {
    const file = `${folder}/m.yaml`;
    const list = JSON.parse((await run("list", "--json", file)).stdout);
    assertEquals(list.scenarios.map(({ name }: { name: string }) => name), [
      "Sizes [pages=2]",
      "Sizes [pages=3]",
    ]);
    assertStringIncludes(
      (await run("check", file)).stdout,
      "Sizes [pages=2], the first of 2 cells",
    );
    assertStringIncludes((await run("show", file)).stdout, "It runs for [pages=3] as well");
    const plan = await run("run", file, "--dry-run", "--filter", "m.yaml [pages=3]");
    assertStringIncludes(plan.stdout, "mmap process=p name=a size=3 pages");
    assert(!plan.stdout.includes("size=2 pages"));
  });
});

Deno.test("the command that a failed cell prints runs that cell alone", async () => {
  await withFolder({ "m.yaml": MATRIX }, async (folder) => {
    const { code, stdout } = await run("run", `${folder}/m.yaml`);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "failed  Sizes [pages=3]");
    assertStringIncludes(stdout, `m.yaml --filter '[pages=3]' --kernel v5.2 --policy legacy`);
    const again = await run("run", `${folder}/m.yaml`, "--filter", "[pages=3]", "--json");
    assertEquals(JSON.parse(again.stdout).scenarios.length, 1);
  });
});

Deno.test("cells run on several threads as on one", async () => {
  await withFolder({ "m.yaml": MATRIX }, async (folder) => {
    const one = await run("run", `${folder}/m.yaml`, "--json");
    const two = await run("run", `${folder}/m.yaml`, "--json", "--jobs", "2");
    assertEquals([two.code, two.stdout], [one.code, one.stdout]);
  });
});

Deno.test("each cell is a test case of its own in a report", async () => {
  await withFolder({ "m.yaml": MATRIX }, async (folder) => {
    const { code } = await run("run", `${folder}/m.yaml`, "--report", `tap=${folder}/out.tap`);
    assertEquals(code, 1);
    const tap = await Deno.readTextFile(`${folder}/out.tap`);
    assertStringIncludes(tap, "Sizes [pages=2]");
    assertStringIncludes(tap, "Sizes [pages=3]");
  });
});

const MAIN = "name: Main\nprocesses: { p: }\nsteps:\n  - include: ";
const PART = "steps:\n  - mmap: { process: p, name: a, size: 2 pages }\n";
const BROKEN_PART = "steps:\n  - mmap: { process: q, name: a, size: 2 pages }\n";

Deno.test("files to include are found beside the scenario and are no scenarios", async () => {
  const files = { "a/m.yaml": `${MAIN}../parts/p.part.yaml\n`, "parts/p.part.yaml": PART };
  await withFolder(files, async (folder) => {
    const { code, stdout } = await run("run", folder, "--jobs", "2");
    assertEquals(code, 0);
    assertStringIncludes(stdout, "1 scenario, 3 runs");
    assertEquals((await run("check", `${folder}/**/*.yaml`)).code, 0);
  });
});

Deno.test("a mistake in an included file is shown with its line", async () => {
  const files = { "m.yaml": `${MAIN}p.part.yaml\n`, "p.part.yaml": BROKEN_PART };
  await withFolder(files, async (folder) => {
    const { code, stderr } = await run("check", folder);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `${folder}/p.part.yaml:2:22: Unknown process "q"`);
    assertStringIncludes(stderr, "2 |   - mmap: { process: q, name: a");
  });
});

Deno.test("a failure in an included file says where the file is used", async () => {
  const part = `${PART}    expect: { p.vmas: 7 }\n`;
  await withFolder({ "m.yaml": `${MAIN}p.part.yaml\n`, "p.part.yaml": part }, async (folder) => {
    const { stdout } = await run("run", `${folder}/m.yaml`);
    assertStringIncludes(stdout, `${folder}/p.part.yaml:3:15: p.vmas: expected 7, got 1`);
    assertStringIncludes(stdout, `used  at ${folder}/m.yaml:4:14`);
  });
});

for (
  const [path, problem] of [
    ["../../../outside.part.yaml", "it lies outside of the current folder"],
    ["/etc/hostname", "its path is not relative"],
    ["https://example.com/p.part.yaml", "its path is not relative"],
    ["gone.part.yaml", "no such file or folder"],
    ["p.prt.yaml", "no such file or folder"],
  ]
) {
  Deno.test(`${path} cannot be included`, async () => {
    const files = { "m.yaml": `${MAIN}${path}\n`, "p.part.yaml": PART };
    await withFolder(files, async (folder) => {
      const { code, stderr } = await run("check", `${folder}/m.yaml`);
      assertEquals(code, 2);
      assertStringIncludes(stderr, `m.yaml:4:14: Cannot include "${path}": ${problem}`);
      if (path === "p.prt.yaml") assertStringIncludes(stderr, "p.part.yaml?");
    });
  });
}

Deno.test("a link that leads out of the folder cannot be included", async () => {
  const files = { "m.yaml": `${MAIN}link.part.yaml\n` };
  await withFolder(files, async (folder) => {
    const made = await new Deno.Command("ln", {
      args: ["-s", "/etc/hostname", `${folder}/link.part.yaml`],
    }).output().then(({ success }) => success, () => false);
    if (!made) return;
    const { code, stderr } = await run("check", `${folder}/m.yaml`);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "it is a link");
  });
});

Deno.test("variables come from files, and --var goes before", async () => {
  const source = MATRIX.replace("matrix: { pages: [2, 3] }", "vars: { pages: 9, x: 1 }")
    .replace("p.rss: 2", 'p.rss: "${pages + x}"');
  const files = {
    "m.yaml": source,
    "v.yaml": "pages: 4 # as many\nx: 0\n",
    "v.json": '{ "pages": 5, "x": 0 }',
  };
  await withFolder(files, async (folder) => {
    const passes = async (...args: string[]) =>
      (await run("run", `${folder}/m.yaml`, ...args)).code;
    assertEquals(await passes(), 1);
    assertEquals(await passes("--var-from-file", `${folder}/v.yaml`), 0);
    assertEquals(await passes("--var-from-file", `${folder}/v.json`, "--jobs", "2"), 0);
    assertEquals(await passes("--var-from-file", `${folder}/v.yaml`, "--var", "x=3"), 1);
    const { stdout } = await run(
      "run",
      `${folder}/m.yaml`,
      "--var-from-file",
      `${folder}/v.json`,
      "--var",
      "x=3",
    );
    assertStringIncludes(stdout, `--var-from-file ${folder}/v.json --var x=3`);
  });
});

for (
  const [text, says] of [
    ["pages: [1]\n", "v.yaml:1:8: Expected a number, text, true or false, got a list"],
    ["- pages\n", "v.yaml:1:1: Expected a map of variables, got a list"],
    ["1x: 3\n", 'v.yaml:1:1: Expected a name for a variable, got "1x"'],
    ["a: 'x\n", "v.yaml:2:1: Invalid YAML"],
    ["pags: 3\n", 'Unknown variable "pags" given'],
  ]
) {
  Deno.test(`variables from a file with ${JSON.stringify(text)} are refused`, async () => {
    const source = MATRIX.replace("matrix: { pages: [2, 3] }", "vars: { pages: 2 }");
    await withFolder({ "m.yaml": source, "v.yaml": text }, async (folder) => {
      const args = ["run", `${folder}/m.yaml`, "--var-from-file", `${folder}/v.yaml`];
      const { code, stderr } = await run(...args);
      assertEquals(code, 2);
      assertStringIncludes(stderr, says);
    });
  });
}

Deno.test("the prompt loads the first cell and lists the others", async () => {
  await withFolder({ "m.yaml": MATRIX }, async (folder) => {
    const { stdout } = await run("repl", "-e", `load ${folder}/m.yaml`);
    assertStringIncludes(stdout, "Sizes [pages=2]: 2 steps");
    const cells = "Cell 1 of 2; --cell loads another one\n=> 1 [pages=2]\n   2 [pages=3]\n";
    assertStringIncludes(stdout, cells);
    const other = await run("repl", "-e", `load ${folder}/m.yaml pages=3; continue; print p.rss`);
    assertStringIncludes(other.stdout, "Sizes [pages=3]");
  });
});

for (
  const [asked, says] of [
    ["2", "Sizes [pages=3]: 2 steps"],
    ["pages=3", "Sizes [pages=3]: 2 steps"],
    ["'[PAGES=2]'", "Sizes [pages=2]: 2 steps"],
    ["3", 'No cell is "3"; cells are [pages=2], [pages=3]'],
    ["0", 'No cell is "0"'],
    ["pages", '2 cells have "pages"; cells are [pages=2], [pages=3]'],
  ]
) {
  Deno.test(`the prompt loads cell ${asked}: ${says}`, async () => {
    await withFolder({ "m.yaml": MATRIX }, async (folder) => {
      const { code, stdout, stderr } = await run(
        "repl",
        "-e",
        `load ${folder}/m.yaml --cell ${asked}`,
      );
      assertStringIncludes(stdout + stderr, says);
      assertEquals(code, says.startsWith("Sizes") ? 0 : 1);
    });
  });
}

Deno.test("the prompt has no cells to choose from without a matrix", async () => {
  const { code, stderr } = await run("repl", "-e", "load scenarios/ksm-merge-kvm.yaml --cell 2");
  assertEquals(code, 1);
  assertStringIncludes(stderr, 'Cannot find cell "2": there is no matrix');
});

Deno.test("the prompt loads a scenario with included files", async () => {
  const files = { "m.yaml": `${MAIN}p.part.yaml\n`, "p.part.yaml": PART };
  await withFolder(files, async (folder) => {
    const { code, stdout } = await run("repl", "-e", `load ${folder}/m.yaml; step; print p.vmas`);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "1\n");
  });
});

const SOMETIMES = MATRIX.replace("expect: { p.rss: 2 }", "expect: { sometimes: { p.rss: 3 } }");

Deno.test("what must happen in some run of a file is judged over all its cells", async () => {
  const files = { "good.yaml": SOMETIMES, "bad.yaml": SOMETIMES.replace("rss: 3", "rss: 4") };
  await withFolder(files, async (folder) => {
    assertEquals((await run("run", `${folder}/good.yaml`)).code, 0);
    assertEquals((await run("compare", `${folder}/good.yaml`, "--json")).code, 0);
    for (const command of [["run"], ["run", "--jobs", "2"], ["compare"]]) {
      const { code, stdout } = await run(...command, `${folder}/bad.yaml`);
      assertEquals(code, 1);
      assertStringIncludes(
        stdout,
        "sometimes p.rss: 4: expected it in some run, got it in none of 6",
      );
      assertStringIncludes(stdout, `run ${folder}/bad.yaml\n`);
    }
    assertEquals((await run("run", `${folder}/bad.yaml`, "--filter", "[pages=2]")).code, 0);
    assertEquals((await run("run", `${folder}/bad.yaml`, "--policy", "legacy")).code, 0);
  });
});

const GROUP = `name: Group
processes: { p: }
steps:
  - mmap: { process: p, name: a, size: 2 pages }
  - actors:
      one: [{ read: { range: a } }, { wait: { time: 5 } }]
      two: [{ write: { range: a } }]
`;

Deno.test("the plan shows who does what, and --seed another order", async () => {
  await withFolder({ "g.yaml": GROUP }, async (folder) => {
    const plan = async (seed: number) =>
      (await run("run", `${folder}/g.yaml`, "--dry-run", "--seed", `${seed}`)).stdout;
    assertStringIncludes(await plan(1), "[two] write range=a");
    const plans = new Set(await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(plan)));
    assert(plans.size > 1);
    const one = await run("run", `${folder}/g.yaml`, "--json", "--seed", "4");
    const two = await run("run", `${folder}/g.yaml`, "--json", "--seed", "4", "--jobs", "2");
    assertEquals(two.stdout, one.stdout);
  });
});

Deno.test("a run that stops at a capture names the place", async () => {
  const source = MATRIX.replace(
    "  - write",
    "  - wait: { time: 1 }\n    if: p.rss > 0\n    capture: { n: ret }\n" +
      '  - wait: { time: "${n}" }\n  - write',
  );
  await withFolder({ "m.yaml": source }, async (folder) => {
    const { code, stderr } = await run("run", `${folder}/m.yaml`);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "m.yaml:9:");
  });
});
