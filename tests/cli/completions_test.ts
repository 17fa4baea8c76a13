import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { run } from "./fake_streams.ts";
import { inShell } from "./processes.ts";

Deno.test("the script for bash completes commands, options and files", async () => {
  const { code, stdout } = await run("completions", "bash");
  assertEquals(code, 0);
  const complete = async (...words: string[]) => {
    const ask = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); ` +
      `COMP_CWORD=${words.length - 1}; _mmulab; echo "\${COMPREPLY[@]}"`;
    const script = `${stdout}\n${ask}`.replaceAll("'", `'\\''`);
    return (await inShell(`bash -c '${script}'`)).stdout.trim();
  };
  assertEquals(await complete("mmulab", "comp"), "compare completions");
  assertEquals(await complete("mmulab", "run", "--sh"), "--shard --shuffle");
  assertEquals(await complete("mmulab", "run", "cli"), "cli.ts");
});

Deno.test("there are scripts for zsh and fish as well", async () => {
  assertMatch((await run("completions", "zsh")).stdout, /^autoload .*bashcompinit/);
  const { stdout } = await run("completions", "fish");
  assertStringIncludes(stdout, "-n '__fish_seen_subcommand_from run' -l dry-run\n");
  const { code, stderr } = await run("completions", "tcsh");
  assertEquals(code, 2);
  assertStringIncludes(stderr, '"bash", "zsh", "fish"');
});
