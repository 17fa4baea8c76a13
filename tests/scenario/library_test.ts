import { assert, assertEquals, assertMatch } from "@std/assert";
import { comparePolicies } from "../../lib/compare/compare.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";
import { librarySections, readLibrary } from "../../tools/scenario_library.ts";

/** Folders by theme; bugs have a test of their own, and drivers one each. */
const THEMES = [
  "compaction",
  "fork-cow",
  "gpu",
  "hmm",
  "hugetlb",
  "ksm",
  "kvm",
  "mremap",
  "rdma",
  "reclaim",
  "selftests",
  "soft-dirty",
  "thp",
  "xen",
];

const library = readLibrary(new URL("../../scenarios/", import.meta.url));
const themed = THEMES.map((theme) => ({
  theme,
  files: library.filter(({ path }) => path.startsWith(`${theme}/`)),
}));

for (const { theme, files } of themed) {
  for (const { path, text } of files) {
    Deno.test(`scenarios/${path} holds under every kernel and policy that it names`, () => {
      const program = parseScenario(text, { file: path });
      for (const kernel of program.kernels) {
        const { runs, failures } = comparePolicies(program, { kernel });
        const all = [...failures, ...runs.flatMap((run) => run.failures)];
        assertEquals(all.map(({ message }) => `${kernel}: ${message}`), []);
      }
    });

    Deno.test(`scenarios/${path} says what happens, where, and of what theme it is`, () => {
      assertMatch(text, /^# What happens\n#\n# {3}\S/m);
      assertMatch(text, /^# {3}In the kernel: (\w+\/)*\w+\.[ch]: \w+/m);
      const { about, tags, steps } = parseScenario(text, { file: path });
      assert(about.length > 60, about);
      const words = [theme.replace("-", "_"), ...theme.split("-")];
      assert(tags.some((tag) => words.includes(tag)), tags.join());
      const expecting = steps.filter(({ expect }) => expect.length > 0);
      assert(expecting.length >= 2, "expectations at less than two steps");
    });
  }
}

Deno.test("the library has at least 60 scenarios, and three of each theme", () => {
  assert(library.length >= 60);
  for (const { theme, files } of themed) assert(files.length >= 3, theme);
});

Deno.test("every scenario of the library names the kernels under which it must hold", () => {
  const silent = library.filter(({ text }) => !/^kernels?:/m.test(text));
  assertEquals(silent.map(({ path }) => path), []);
});

Deno.test("no two scenarios have the same name", () => {
  const names = library.map(({ text }) => /^name: (.*)$/m.exec(text)?.[1]);
  assertEquals(names.length - new Set(names).size, 0);
});

Deno.test("every port of a self-test names it, and the page lists what was asked for", () => {
  const ports = library.filter(({ path }) => path.startsWith("selftests/"));
  for (const { path, text } of ports) {
    assertMatch(text, /^# {3}Upstream: tools\/testing\/selftests\/mm\/[\w-]+\.c/m, path);
  }
  const { selftests } = librarySections(library);
  for (const name of ["ksm_tests", "soft-dirty", "rmap", "cow", "hmm-tests", "khugepaged"]) {
    assert(selftests.includes(`\`${name}.c\``), name);
  }
});

Deno.test("librarySections() lists themes, the first sentence, and parts of files not at all", () => {
  const file = (path: string, name: string) => ({
    path,
    text: `name: ${name}\nabout: One v5.2 thing. And another.\nsteps: []\n`,
  });
  const { library } = librarySections([
    file("ksm/a.yaml", "A"),
    file("own/b.yaml", "B"),
    { path: "own/part.yaml", text: "steps: []\n" },
  ]);
  assert(library.startsWith("2 scenarios in 2 themes.\n"));
  assertMatch(
    library,
    /### KSM\n[^#]*\[A\]\(\.\.\/scenarios\/ksm\/a\.yaml\) \| One v5\.2 thing\. +\| v5\.2/,
  );
  assertMatch(library, /### own\n/);
});
