/**
 * The command `completions`.
 *
 * @module
 */

import { Command, EnumType } from "@cliffy/command";
import { completionScript, SHELLS } from "../report/completions.ts";
import { PASSED } from "./exit_code.ts";
import type { CommandContext } from "./perform.ts";

/** The little of a command that completions need. */
export interface DescribedCommand {
  /** Gives its name. */
  getName(): string;
  /** Gives its options. */
  getOptions(): readonly { readonly flags: readonly string[] }[];
}

/**
 * Makes the command.
 *
 * @param context Where to write, and where the exit code goes.
 * @param commands Lists all commands.
 * @returns The command.
 */
export function completionsCommand(
  context: CommandContext,
  commands: () => readonly DescribedCommand[],
) {
  return new Command()
    .description("Write a script that completes commands, options and files in a shell.")
    .type("shell", new EnumType(SHELLS))
    .arguments("<shell:shell>", [`The shell: ${SHELLS.join(", ")}.`])
    .example("In bash:", "source <(mmulab completions bash)")
    .example("In fish:", "mmulab completions fish | source")
    .action((_, shell) => {
      const described = commands().map((command) => ({
        name: command.getName(),
        options: command.getOptions().flatMap(({ flags }) => flags),
      }));
      context.streams.out.write(completionScript(shell, described));
      context.exitCode = PASSED;
    });
}
