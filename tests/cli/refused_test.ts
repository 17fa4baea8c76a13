/** What happens where the system refuses to write, as on a full disk. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "./fake_streams.ts";
import { fixture, inShell, onPipes, type RunOptions, words } from "./processes.ts";
import { scenario, withFolder } from "./temporary.ts";

/** A line of a shell that runs the command line. */
function line(args: string[], options: RunOptions = {}): string {
  return words(args, options).map((word) => `'${word}'`).join(" ");
}

for (
  const [args, message] of [
    [["run", fixture("mprotect")], "Cannot write the output"],
    [["check", fixture("mprotect"), "--json"], "Cannot write the output"],
    [["repl", fixture("mprotect"), "-e", "counters"], "Cannot write the output"],
    [["--help"], "Cannot go on"],
  ] as const
) {
  Deno.test(`${args[0]} says in one line that the output is full, and exits with 2`, async () => {
    const { code, stderr } = await inShell(`${line([...args])} > /dev/full`);
    assertEquals([code, stderr], [2, `error: ${message}: no space left on device\n`]);
  });
}

Deno.test("errors that cannot be written change no exit code", async () => {
  for (const [name, code] of [["misspelled", 2], ["failing", 1]] as const) {
    const outcome = await inShell(`${line(["run", fixture(name)])} 2> /dev/full`);
    assertEquals([outcome.code, outcome.stderr], [code, ""]);
  }
});

for (const option of ["--report html", "--trace perfetto", "--svg"]) {
  Deno.test(`${option}: a file that cannot be written to its end is removed`, async () => {
    await withFolder({}, async (folder) => {
      const file = `${folder}/out`;
      const [name, kind] = option.split(" ");
      const what = kind === undefined ? [name, file] : [name, `${kind}=${file}`];
      const command = kind === undefined ? "events" : "run";
      const permissions = ["-R", "--allow-write=tmp"];
      const call = line([command, fixture("mprotect"), ...what], { permissions });
      // One block is the most that a file may have; the signal that says so is not to end the process.
      const { stderr } = await inShell(`trap '' XFSZ; ulimit -f 1; ${call} | cat > /dev/null`);
      assertEquals(stderr, `error: Cannot write "${file}": file too large\n`);
      assertEquals([...Deno.readDirSync(folder)], []);
    });
  });
}

Deno.test("a file that cannot be opened is left as it is", async () => {
  await withFolder({ "a.yaml": scenario("A"), "there/is.txt": "x" }, async (folder) => {
    const report = ["--report", `tap=${folder}/there`];
    const { code, stderr } = await run("run", `${folder}/a.yaml`, ...report);
    assertEquals([code, stderr], [2, `error: Cannot write "${folder}/there": is a directory\n`]);
    assertEquals(Deno.readTextFileSync(`${folder}/there/is.txt`), "x");
  });
});

Deno.test("events says before it runs that it may not write", async () => {
  const { code, stdout, stderr } = await onPipes(["events", fixture("mprotect"), "--svg", "tmp/x"]);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "Give it --allow-write=tmp/x\n");
});

Deno.test("a run passes though what failed cannot be kept", async () => {
  await withFolder({ "a.yaml": scenario("A"), ".mmulab": "no folder" }, async (folder) => {
    const permissions = ["-R", "-W"];
    const { code, stdout, stderr } = await onPipes(["run", "a.yaml"], { permissions, cwd: folder });
    assertEquals(code, 0);
    assertStringIncludes(stdout, "1 passed, 0 failed");
    assertEquals(
      stderr,
      '--rerun-failed will not know of this run: Cannot make ".mmulab": file exists\n',
    );
  });
});
