import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { run } from "./fake_streams.ts";
import { fixture, inShell, onPipes, onTerminal, words } from "./processes.ts";
import { scenario, withFolder } from "./temporary.ts";

const ESCAPE = "\x1b[";

Deno.test("run exits with 0 where all passes, and writes nothing to stderr", async () => {
  const { code, stdout, stderr } = await onPipes(["run", fixture("mprotect")]);
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertMatch(stdout, /^passed {2}mprotect below/);
  assert(!stdout.includes(ESCAPE));
});

Deno.test("run exits with 1 where an expectation fails, and reports on stdout", async () => {
  const { code, stdout, stderr } = await onPipes(["run", fixture("failing"), fixture("mprotect")]);
  assertEquals({ code, stderr }, { code: 1, stderr: "" });
  assertStringIncludes(stdout, "failing.yaml:16:15: ret: expected 1, got 0");
  const call =
    "deno run -R cli.ts run tests/cli/fixtures/failing.yaml --kernel v5.0 --policy legacy";
  assertStringIncludes(stdout, `rerun  ${call}\n`);
});

Deno.test("run exits with 2 where a file is wrong, and runs nothing", async () => {
  const { code, stdout, stderr } = await onPipes([
    "run",
    fixture("mprotect"),
    fixture("misspelled"),
    fixture("gone"),
  ]);
  assertEquals({ code, stdout }, { code: 2, stdout: "" });
  assertStringIncludes(stderr, "misspelled.yaml:2:1: Unknown key");
  assertStringIncludes(stderr, "gone.yaml: Cannot read: no such file or folder\n");
  assertMatch(stderr, /\n3 errors in 2 files\n$/);
});

Deno.test("a wrong command line exits with 2, and only stderr says why", async () => {
  const { code, stdout, stderr } = await onPipes(["run", "--polcy", "x", fixture("mprotect")]);
  assertEquals({ code, stdout }, { code: 2, stdout: "" });
  assertEquals(
    stderr,
    'error: Unknown option "--polcy". Did you mean "--policy"?\n' +
      'Try "deno run -R cli.ts run --help"\n',
  );
});

Deno.test("two runs print the same bytes", async () => {
  for (const command of ["run", "compare"]) {
    for (const flags of [[], ["--json"]]) {
      const args = [command, ...flags, fixture("mprotect"), fixture("failing")];
      const [one, other] = await Promise.all([onPipes(args), onPipes(args)]);
      assertEquals(one, other);
      assert(one.stdout.length > 100);
    }
  }
});

Deno.test("--json writes JSON", async () => {
  for (const command of ["run", "compare", "check"]) {
    const { code, stdout } = await onPipes([command, "--json", fixture("mprotect")]);
    const { format, passed } = JSON.parse(stdout);
    assertEquals({ code, format, passed }, {
      code: 0,
      format: `mmulab.${command}/1`,
      passed: true,
    });
  }
});

Deno.test("on a terminal there are colours, and no permission is asked for", async () => {
  for (const command of ["run", "compare", "check"]) {
    const { code, stdout } = await onTerminal([command, fixture("mprotect")]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, ESCAPE);
    assert(!/permission|requests|--allow/i.test(stdout), stdout);
  }
});

Deno.test("on a terminal a wrong file shows in colours too", async () => {
  const { code, stdout } = await onTerminal(["check", fixture("misspelled")]);
  assertEquals(code, 2);
  assertStringIncludes(stdout, `${ESCAPE}31m^^^^^^^^${ESCAPE}39m`);
});

Deno.test("NO_COLOR means no colours on a terminal either", async () => {
  for (const args of [["run", fixture("failing")], ["--help"], ["run", "--help"], ["--version"]]) {
    const { stdout } = await onTerminal(args, { env: { NO_COLOR: "1" } });
    assert(!stdout.includes(ESCAPE), stdout);
    assert(stdout.length > 10);
  }
});

Deno.test("a terminal shows what a pipe gets, but for colours", async () => {
  const env = { NO_COLOR: "1" };
  const args = ["compare", fixture("mprotect")];
  const [terminal, pipe] = await Promise.all([onTerminal(args, { env }), onPipes(args, { env })]);
  assertEquals(terminal.stdout, pipe.stdout);
});

Deno.test("a reader that leaves early gets no stack trace", async () => {
  const line = (args: string[]) => words(args).map((word) => `'${word}'`).join(" ");
  for (const args of [["compare", "--json", fixture("mprotect")], ["--help"]]) {
    const { stderr } = await inShell(`${line(args)} | head -c 1`);
    const { stderr: never } = await inShell(`${line(args)} | true`);
    assertEquals([stderr, never], ["", ""]);
  }
});

for (const name of ["a b", "a;b", 'a"b', "a\\b", "a\nb", "\x1b[31m"]) {
  Deno.test(`repl loads a file whose name has ${JSON.stringify(name)} in it`, async () => {
    await withFolder({ [`${name}.yaml`]: scenario("A") }, async (folder) => {
      const loaded = await run("repl", `${folder}/${name}.yaml`, "-e", "list");
      assertEquals([loaded.code, loaded.stderr], [0, ""]);
      assertStringIncludes(loaded.stdout, "mmap process=p");
      const gone = await run("repl", `${folder}/${name}.gone`);
      assertEquals(gone.code, 1);
      // deno-lint-ignore no-control-regex
      assertMatch(gone.stderr, /^error: [^\x00-\x1f]*: Cannot read: no such file or folder.*\n$/);
    });
  });
}

Deno.test("a folder below that may not be read is named", async () => {
  const permissions = ["-R", "--deny-read=tests/cli/fixtures", "--no-prompt"];
  const { code, stderr } = await onPipes(["check", "tests/cli"], { permissions });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "tests/cli/fixtures: Cannot read: Deno was not allowed to\n");
});

for (const name of ["it's a.yaml", "new\nline.yaml", "\x1b[31m'\\\u202e.yaml", "$(id).yaml"]) {
  Deno.test(`the rerun command of ${JSON.stringify(name)} can be pasted into a shell`, async () => {
    await withFolder({ [name]: scenario("A", "", 7) }, async (folder) => {
      const { stdout } = await onPipes(["run", `${folder}/${name}`]);
      const [, word] = /rerun {2}deno run -R cli\.ts run (.*) --kernel/.exec(stdout) ?? [];
      const pasted = await new Deno.Command("bash", {
        args: ["-c", `printf %s ${word}`],
        env: { LC_ALL: "C.UTF-8" },
      }).output();
      assertEquals(new TextDecoder().decode(pasted.stdout), `${folder}/${name}`);
    });
  });
}

Deno.test("without the permission to read the files there is a message and no stack trace", async () => {
  const permissions = ["--allow-read=lib", "--no-prompt"];
  const { code, stdout, stderr } = await onPipes(["run", fixture("mprotect")], { permissions });
  assertEquals({ code, stdout }, { code: 2, stdout: "" });
  assertStringIncludes(stderr, "mprotect.yaml: Cannot read: Deno was not allowed to\n");
});
