/**
 * The commands that look at a set of scenarios as a whole: `events` and `mutate`.
 *
 * @module
 */

import { Command, ValidationError } from "@cliffy/command";
import { type FaultName, INJECTABLE_FAULTS } from "../kernel/faults.ts";
import { suggestion } from "../scenario/suggest.ts";
import { ABOUT_KERNEL, type CommandContext, perform } from "./perform.ts";

const FILES = "[files...:file]";
const ABOUT_FILES = [
  "Scenario files and folders; the library that comes with mmulab unless given.",
];
const FAULTS = Object.keys(INJECTABLE_FAULTS) as FaultName[];

/**
 * Makes the command `events`.
 *
 * @param context Where to write, and where the exit code goes.
 * @returns The command.
 */
export function eventsCommand(context: CommandContext) {
  return new Command()
    .description(
      "Show who consumes which event, and what that saves.\n\n" +
        "For each kind of listener, event and policy: the windows it saw, acted on and skipped, and\n" +
        "the difference to legacy; then the events and flags that nobody uses, and the call sites\n" +
        "that were reached.\n\n" +
        "Each scenario runs under its first kernel that has events, unless --kernel names one.",
    )
    .arguments(FILES, ABOUT_FILES)
    .option("--kernel <name:string>", ABOUT_KERNEL)
    .option("--seed <n:integer>", "Seed of everything left to chance.")
    .option("--svg <file:string>", "Write a heat map as an image; needs --allow-write.")
    .option("--html <file:string>", "Write a heat map as a page; needs --allow-write.")
    .option("--json", "Write JSON.")
    .example("The library:", "mmulab events")
    .example("A picture:", "mmulab events scenarios --svg events.svg")
    .action(async function (options, ...files) {
      const { kernel, svg, html, ...rest } = options;
      const raw = { ...rest, ...(kernel === undefined ? {} : { kernel: [kernel] }) };
      const images = {
        ...(svg === undefined ? {} : { svg }),
        ...(html === undefined ? {} : { html }),
      };
      const { events } = await import("./events_command.ts");
      await perform(
        this,
        context,
        raw,
        files,
        (paths, settings, streams) => events(paths, settings, streams, images),
      );
    });
}

/**
 * Makes the command `mutate`.
 *
 * @param context Where to write, and where the exit code goes.
 * @returns The command.
 */
export function mutateCommand(context: CommandContext) {
  return new Command()
    .description(
      "Run scenarios with mistakes injected, and report which of them notice.\n\n" +
        "The mistakes are made in the kernel and in the listeners, one at a time and at one call\n" +
        "site after the other.\n\n" +
        "Exit code: 0 every mistake is noticed by some scenario, 1 there are holes, 2 a scenario or\n" +
        "the command line is wrong.",
    )
    .arguments(FILES, ABOUT_FILES)
    .option("--kernel <name:string>", `${ABOUT_KERNEL} May be repeated.`, { collect: true })
    .option("--fault <name:string>", "Only this mistake; may be repeated.", { collect: true })
    .option("--json", "Write JSON.")
    .example("The library:", "mmulab mutate")
    .example("One mistake:", "mmulab mutate scenarios --fault skip_end")
    .action(async function (options, ...files) {
      const { fault = [], ...rest } = options;
      const { mutate } = await import("./mutate_command.ts");
      await perform(
        this,
        context,
        rest,
        files,
        (paths, settings, streams) => mutate(paths, settings, streams, fault.map(faultName)),
      );
    });
}

function faultName(name: string): FaultName {
  const found = FAULTS.find((one) => one === name);
  if (found !== undefined) return found;
  const hint = suggestion(name, FAULTS);
  throw new ValidationError(`Unknown fault "${name}"${hint === undefined ? "" : `. ${hint}`}`);
}
