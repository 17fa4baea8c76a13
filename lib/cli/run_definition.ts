/**
 * The command `run`: its options and its help.
 *
 * @module
 */

import { ABOUT_FILES, type CommandContext, perform, runningCommand } from "./perform.ts";

/**
 * Makes the command.
 *
 * @param context Where to write, and where the exit code goes.
 * @returns The command.
 */
export function runCommand(context: CommandContext) {
  return runningCommand("Only this policy; may be repeated.")
    .description(
      "Run scenarios and check all that they expect.\n\n" +
        "Each scenario runs under every kernel that it names and every policy: legacy, followup,\n" +
        "ideal and its own. Where the policies are compared, that is checked too.\n\n" +
        "A broken file is never skipped: then nothing runs.\n\n" +
        "Exit code: 0 all passed, 1 something expected does not hold, 2 a scenario or the command\n" +
        "line is wrong, 3 all passed, but a trace was full, so that something may be missed.",
    )
    .arguments("[files...:file]", ABOUT_FILES)
    .option("--tags <expression:string>", 'Only these tags, such as "ksm and not (slow or huge)".')
    .option("--filter <text:string>", "Only scenarios with this text in their name or file.")
    .option("--shard <i/n:string>", "Only part i of n; the parts of all shards are the whole.")
    .option("--jobs <n:integer>", "Scenarios that run at the same time; the output is the same.")
    .option(
      "--watch",
      "Run again when a scenario, what it includes or a listener's module changes; Ctrl-C ends.",
    )
    .option("--fail-fast", "Stop after the first scenario that fails.")
    .option("--shuffle=[seed:integer]", "Run in an order left to chance, or to this seed.")
    .option("--dry-run", "Show the operations that would run, and run none.")
    .option("--profile", "Show on stderr where virtual and real time go, by scenario and step.")
    .option(
      "--coverage",
      "Show which call sites, events, listeners and kernel switches were reached.",
    )
    .option(
      "--rerun-failed",
      "Only what failed last time; that is kept in .mmulab where it may be written.",
    )
    .option(
      "--report <report:string>",
      "Write a report as well: junit=FILE, tap=FILE, json=FILE, jsonl=FILE, html=FILE, or github " +
        "for annotations on the output; may be repeated. Needs --allow-write.",
      { collect: true },
    )
    .option(
      "--trace <trace:string>",
      "Write a trace of every run as well: perfetto=FILE, ftrace=FILE or jsonl=FILE; may be " +
        "repeated. Needs --allow-write.",
      { collect: true },
    )
    .option("--trace-limit <n:integer>", "Most trace records of a run.")
    .example("All scenarios of a folder:", "mmulab run scenarios")
    .example("One run:", "mmulab run a.yaml --kernel v5.2 --policy legacy")
    .example("The second half of what is tagged:", "mmulab run scenarios --tags ksm --shard 2/2")
    .example(
      "Reports for a server and for people:",
      "mmulab run scenarios --report junit=out.xml --report html=out.html",
    )
    .example(
      "A trace for ui.perfetto.dev:",
      "mmulab run a.yaml --kernel v5.2 --policy ideal --trace perfetto=a.json",
    )
    .example("While writing one:", "mmulab run a.yaml --watch")
    .example("More pages:", "mmulab run a.yaml --var pages=512")
    .action(async function (options, ...files) {
      const { run } = await import("./runner.ts");
      const once = (read: Set<string>) =>
        perform(
          this,
          context,
          options,
          files,
          (paths, settings, streams) => run(paths, settings, options, streams, read),
        );
      if (options.watch !== true) return await once(new Set());
      const { watch } = await import("./watch.ts");
      const { listener = [], varFromFile = [] } = options;
      await watch(once, { paths: files, listeners: listener, others: varFromFile, context });
    });
}
