/**
 * From lines to what they do: the prompt without a terminal.
 *
 * @module
 */

import { Breakpoints } from "./breakpoints.ts";
import { type Command, type Environment, MissingArgumentError, parseInput } from "./command.ts";
import { COMMANDS, QUIT } from "./commands/mod.ts";
import { performYaml, yamlCode } from "./commands/operations.ts";
import { applyFilter } from "./filters.ts";
import { commandHelp, findCommand } from "./help.ts";
import { Session } from "./session.ts";
import { isYamlStep } from "./short_form.ts";
import { CommandError, type Pipeline, pipelineOf, splitAt } from "./words.ts";

/** What a prompt may do outside; nothing unless given. */
export interface InterpreterOptions {
  /** The session; an empty one unless given. */
  readonly session?: Session;
  /** See {@linkcode Environment.readFile}. */
  readonly readFile?: Environment["readFile"];
  /** See {@linkcode Environment.includesOf}. */
  readonly includesOf?: Environment["includesOf"];
  /** See {@linkcode Environment.writeFile}. */
  readonly writeFile?: Environment["writeFile"];
  /** See {@linkcode Environment.breathe}. */
  readonly breathe?: Environment["breathe"];
  /** Asks for arguments that are missing; nobody does unless given. */
  readonly choose?: Choose;
}

/**
 * Asks for an argument that is missing.
 *
 * @param error What is missing.
 * @param session The session.
 * @returns The argument, or undefined where none is chosen.
 */
export type Choose = (
  error: MissingArgumentError,
  session: Session,
) => Promise<string | undefined>;

/**
 * Carries out lines on a session.
 *
 * @example
 * ```ts
 * import { Interpreter } from "./interpreter.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const prompt = new Interpreter();
 * await prompt.execute("process qemu; mmap qemu ram 4p");
 * assertEquals(await prompt.execute("print qemu.vmas"), "1\n");
 * ```
 */
export class Interpreter {
  /** The session and what is around it. */
  readonly environment: Environment;
  /** Whether `quit` was carried out. */
  hasQuit = false;
  readonly #choose: Choose | undefined;

  /**
   * Makes a prompt.
   *
   * @param options The session and the ways outside.
   */
  constructor(options: InterpreterOptions = {}) {
    this.#choose = options.choose;
    this.environment = {
      session: options.session ?? new Session(),
      breakpoints: new Breakpoints(),
      readFile: options.readFile ?? refused("read files"),
      includesOf: options.includesOf ?? (() => undefined),
      writeFile: options.writeFile ?? refused("write files"),
      breathe: options.breathe ?? (() => undefined),
    };
  }

  /** The session. */
  get session(): Session {
    return this.environment.session;
  }

  /**
   * Carries out a line: commands separated by `;`, each with filters and redirection.
   *
   * @param line The line, or several where a bracket is open.
   * @param emit Receives the output of each command as it comes; else all is returned.
   * @returns The output that `emit` did not get.
   * @throws {CommandError} If a command cannot be carried out; those before it have been.
   */
  async execute(line: string, emit?: (text: string) => void | Promise<void>): Promise<string> {
    let output = "";
    for (const part of splitAt(line, ";")) {
      if (part === "" || part.startsWith("#") || this.hasQuit) continue;
      const text = await this.#carryOut(part);
      if (emit === undefined) output += text;
      else if (text !== "") await emit(text);
    }
    return output;
  }

  async #one(part: string): Promise<string> {
    if (isYamlStep(part)) {
      const pipeline = pipelineOf(part);
      return this.#send(await this.#yaml(pipeline.command), pipeline);
    }
    const name = part === "exit" ? QUIT : /^\S+/.exec(part)![0];
    const command = findCommand(COMMANDS, name);
    const pipeline = pipelineOf(part, command.expression);
    return this.#send(await this.#asking(command, pipeline.command.slice(name.length)), pipeline);
  }

  /** Carries out a command; an argument that is missing is asked for, where somebody answers. */
  async #asking(command: Command, text: string): Promise<string> {
    try {
      return await this.#command(command, text);
    } catch (error) {
      if (!(error instanceof MissingArgumentError)) throw error;
      const answer = await this.#choose?.(error, this.session);
      if (answer === undefined) throw error;
      return await this.#command(command, `${text} ${JSON.stringify(answer)}`);
    }
  }

  async #yaml(part: string): Promise<string> {
    const wantsCode = /\s--ts\s*$/;
    if (!wantsCode.test(part)) {
      return await performYaml(this.session, part, this.environment.breathe);
    }
    return yamlCode(this.session, part.replace(wantsCode, ""));
  }

  async #command(command: Command, text: string): Promise<string> {
    const { input, ts, help } = parseInput(command, text);
    if (help) return commandHelp(command);
    if (ts) return command.ts(this.environment, input);
    if (command.name === QUIT) this.hasQuit = true;
    return await command.run(this.environment, input);
  }

  /** Runs a command; what the library refuses becomes a message. */
  async #carryOut(part: string): Promise<string> {
    try {
      return await this.#one(part);
    } catch (error) {
      const isRefusal = error instanceof RangeError || error instanceof TypeError ||
        error instanceof SyntaxError;
      throw isRefusal ? new CommandError(error.message) : error;
    }
  }

  #send(text: string, { filters, redirection }: Pipeline): string {
    const rest = filters.reduce(applyFilter, text);
    if (redirection === undefined) return rest;
    this.environment.writeFile(redirection.file, rest, redirection.append);
    return "";
  }
}

function refused(what: string): () => never {
  return () => {
    throw new CommandError(`Cannot ${what} here`);
  };
}
