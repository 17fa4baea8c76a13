/**
 * Sessions: a program that is carried out step by step, forwards and back, and the prompt around it.
 *
 * Nothing here needs a terminal; the prompt with line editing is part of `@mmulab/mmulab/cli`. Code
 * that `--ts` prints at the prompt imports from here.
 *
 * ```ts
 * import { Interpreter } from "@mmulab/mmulab/repl";
 * import { assertEquals } from "@std/assert";
 *
 * const prompt = new Interpreter();
 * await prompt.execute("process qemu; mmap qemu ram 4p; fill ram");
 * assertEquals(await prompt.execute("print qemu.rss"), "4\n");
 * await prompt.execute("back");
 * assertEquals(await prompt.execute("print qemu.rss"), "0\n");
 * ```
 *
 * @module
 */

export type { EntryState, PageChange, TableCopy } from "./lib/machine/page_changes.ts";
export { type Breakpoint, Breakpoints } from "./lib/repl/breakpoints.ts";
export {
  type ArgumentMeaning,
  type Command,
  type CommandArgument,
  type CommandOption,
  type Environment,
  type Input,
  MissingArgumentError,
} from "./lib/repl/command.ts";
export { lastRecords, recordOrigin } from "./lib/repl/commands/notifier.ts";
export { performSteps, performYaml } from "./lib/repl/commands/operations.ts";
export { sessionText } from "./lib/repl/commands/save.ts";
export { setSetting, settingsText } from "./lib/repl/commands/settings.ts";
export { addListener, addProcess } from "./lib/repl/commands/setup.ts";
export { sessionComparison } from "./lib/repl/commands/travel.ts";
export { sessionHelp } from "./lib/repl/commands/mod.ts";
export { holds, valueOf } from "./lib/repl/conditions.ts";
export { diffText, historyOf, type PageEvent, whyText } from "./lib/repl/history.ts";
export { type Choose, Interpreter, type InterpreterOptions } from "./lib/repl/interpreter.ts";
export type { Journal, TickRecord } from "./lib/repl/journal.ts";
export { type Place, placeIfAny, placeOf } from "./lib/repl/places.ts";
export { type Breathe, runOn, type RunOnOptions } from "./lib/repl/running.ts";
export {
  Session,
  type SessionChange,
  type SessionOptions,
  type SessionSettings,
  type SessionSource,
  type Work,
} from "./lib/repl/session.ts";
export { CommandError } from "./lib/repl/words.ts";
