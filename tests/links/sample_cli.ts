// deno-lint-ignore-file no-console
/**
 * A command line interface in miniature that uses all this project uses of
 * `@cliffy/command`. The genuine package's outputs on it are recorded in
 * cliffy_command_table.json; the stand-in has to give the same.
 */

import { Command, EnumType, ValidationError } from "@cliffy/command";
import { HelpCommand } from "@cliffy/command/help";

/**
 * Runs the sample with some words; what the actions see goes to standard output. `text-of` and names
 * of commands shows what `getHelp()` gives, one after the other.
 */
export async function main(args: string[], colors = false): Promise<void> {
  const show = (value: unknown) => console.log(JSON.stringify(value));
  const run = new Command<{ quiet?: true; seed?: number }>()
    .description("Run scenarios.\n\nWith a second paragraph that only the long help shows.")
    .type("profile", new EnumType(["v5.0", "v5-series", "v6.1"]))
    .type("size", ({ label, name, value }) => {
      const match = /^(\d+) ?(K|M)iB$/.exec(value);
      if (!match) {
        throw new ValidationError(`${label} "${name}" must be a size such as 4KiB: "${value}"`);
      }
      return Number(match[1]) * (match[2] === "K" ? 1024 : 1048576);
    })
    .arguments("<files...:file>", ["Scenario files."])
    .option("-k, --kernel <profile:profile>", "Kernel profile.", { default: "v5-series" })
    .option("-j, --jobs <n:integer>", "Number of runs at a time.", { default: 1 })
    .option("-s, --set <assignment:string>", "Set a variable; may be repeated.", { collect: true })
    .option("-m, --memory <size:size>", "Memory of the machine.")
    .option("--tags <tags:string[]>", "Only scenarios with these tags.")
    .option("--ratio <ratio:number>", "A ratio.", { value: (ratio) => ratio * 2 })
    .option("--strict [level:boolean]", "How strict to be.")
    .option("-v, --verbose", "Say more, and with each repetition still more.", {
      collect: true,
      value: (_, previous: number = 0) => previous + 1,
    })
    .option("--json", "Write JSON.", { conflicts: ["csv"] })
    .option("--csv", "Write CSV.")
    .option("--dry-run", "Do nothing.", { depends: ["json"] })
    .option("--no-check", "Leave the checks out.")
    .option("--secret-switch", "Not for all.", { hidden: true })
    .example("One file:", "sample run a.yaml")
    .example("Two files with a variable:", "sample run a.yaml b.yaml --set pages=16")
    .action(function (options, ...files) {
      show({ run: options, files, literal: this.getLiteralArgs() });
    });
  const compare = new Command<{ quiet?: true; seed?: number }>()
    .description("Compare one scenario with another.")
    .arguments("<base:file> [other:file]")
    .option("-o, --out <file:file>", "Where to write.", { required: true })
    .option("--metric <name:string>", "Metric to compare.", { defaultText: "all" })
    .action((options, base, other) => show({ compare: options, base, other }));
  const list = new Command<{ quiet?: true; seed?: number }>()
    .description("List scenarios.")
    .option("--format [format:string]", "Format of the list.")
    .action((options) => show({ list: options }));
  const fail = new Command()
    .description("Fail.")
    .hidden()
    .arguments("[how:string]")
    .action((_options, how) => {
      if (how === "usage") throw new ValidationError("Cannot do it so");
      if (how === "three") throw new ValidationError("Three", { exitCode: 3 });
      throw new RangeError("Too far");
    });
  const schema = new Command()
    .description("About the schema.")
    .command("show", new Command().description("Show it.").action(() => show("schema show")))
    .command("check <file:file>", new Command().description("Check it.").action(() => show("ok")));

  const sample = new Command()
    .name("sample")
    .version("1.2.3")
    .meta("runtime", "any")
    .description(`
      A sample.

        Indented further, and long enough that it has to be wrapped somewhere in the middle of it.
    `)
    .help({ colors, width: 80 })
    .globalOption("-q, --quiet", "Say less.")
    .globalOption("--seed <seed:integer>", "Seed of the random numbers.")
    .option("--about", "Say what this is.")
    .action((options) => show({ main: options }))
    .command("run, r", run)
    .command("compare", compare)
    .command("list", list)
    .command("fail", fail)
    .command("schema", schema)
    .command("help", new HelpCommand())
    .reset();
  if (args[0] !== "text-of") {
    await sample.parse(args);
    return;
  }
  for (const name of args.slice(1)) {
    console.log(name === "sample" ? sample.getHelp() : sample.getCommand(name)?.getHelp());
  }
}

if (import.meta.main) await main(Deno.args, true);
