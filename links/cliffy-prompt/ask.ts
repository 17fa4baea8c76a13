import process from "node:process";
import { createInterface } from "node:readline";

/**
 * Writes a question to the terminal and resolves to the line typed.
 *
 * @param question The question.
 * @param exits Whether Ctrl-C ends the process, as the genuine prompt does; else it ends the question.
 * @throws {Error} If standard input is not a terminal, or ends.
 */
export function ask(question: string, exits: boolean): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new Error("Cannot ask: standard input is not a terminal");
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  return new Promise((resolve, reject) => {
    if (exits) {
      lines.on("SIGINT", () => {
        lines.close();
        process.exit(130);
      });
    }
    lines.on("close", () => reject(new Error("Cannot ask: standard input has ended")));
    lines.question(question, (line) => {
      resolve(line);
      lines.close();
    });
  });
}
