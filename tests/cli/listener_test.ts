import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { onPipes } from "./processes.ts";

const EXAMPLE = "examples/my_listener.ts";
const SCENARIO = "examples/my_listener.yaml";

Deno.test("the example in the README is the file in examples, in 60 lines", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
  const [readme, example] = await Promise.all([read("README.md"), read(EXAMPLE)]);
  assertStringIncludes(readme, "```ts ignore\n" + example + "```\n");
  assertEquals(example.split("\n").length <= 61, true);
});

Deno.test("run and compare take a listener of the user's own", async () => {
  for (const command of ["run", "compare"]) {
    const args = [command, SCENARIO, "--listener", `mine=${EXAMPLE}`];
    const { code, stdout, stderr } = await onPipes(args);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "A listener of one's own");
  }
});

Deno.test("a listener that throws fails the run, with name and event and no stack", async () => {
  const listener = "tests/cli/fixtures/throwing_listener.ts";
  const { code, stdout, stderr } = await onPipes(["run", SCENARIO, "--listener", listener]);
  assertEquals([code, stderr], [1, ""]);
  assertMatch(stdout, /Listener "mine" failed in invalidateRangeStart of PROTECTION_VMA/);
  assertEquals(/\n\s+at /.test(stdout), false);
});

Deno.test("a scenario with a listener of kind custom needs its module", async () => {
  const { code, stderr } = await onPipes(["run", SCENARIO]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "--listener mine=FILE");
});

Deno.test("a module that cannot be used is named with the reason", async () => {
  const cases = [
    ["examples/gone.ts", /examples\/gone\.ts": no such file/],
    ["tests/cli/processes.ts", /expected a function as default export, got undefined/],
    ["tests/cli/fixtures/mprotect.yaml", /Cannot load listener/],
  ] as const;
  for (const [module, wanted] of cases) {
    const { code, stdout, stderr } = await onPipes(["run", SCENARIO, "--listener", module]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, wanted);
  }
});

Deno.test("a module has no more permissions than the user gave", async () => {
  const listener = "tests/cli/fixtures/prying_listener.ts";
  const permissions = ["-R", "--no-prompt"];
  const args = ["run", SCENARIO, "--listener", listener];
  const { code, stdout } = await onPipes(args, { permissions });
  assertEquals(code, 1);
  assertMatch(stdout, /failed in its factory: NotCapable/);
});
