/**
 * Stands in for `jsr:@cliffy/command` 1.2.1's module `help`.
 *
 * @module
 */

import { Command } from "./command.ts";
import { unknownCommand } from "./errors.ts";
import { exit, showHelp } from "./parse.ts";
import { commandsOf } from "./spec.ts";

/** The subcommand `help [command]`. */
export class HelpCommand extends Command {
  /** Constructs the command. */
  constructor() {
    super();
    this.spec.noGlobals = true;
    this.description("Show this help or the help of a sub-command.")
      .arguments("[command:string]")
      .action((_options, name?: string) => {
        const parent = this.spec.runBy ?? this.spec;
        const command = name ? parent.commands.get(name) : parent;
        if (!command) {
          const names = commandsOf(parent, false).map((one) => one.name);
          throw unknownCommand(name ?? "", names.filter((one) => one !== this.spec.name));
        }
        showHelp(command);
        exit(this.spec);
      });
  }
}
