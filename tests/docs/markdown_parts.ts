/**
 * The parts of Markdown pages that tests look at, found with regular expressions.
 *
 * @module
 */

const FENCE = /^```([^\n]*)\n([^]*?)^```$/gm;

/**
 * Finds the targets of links outside of code.
 *
 * @param text The page.
 * @returns The targets.
 */
export function linksOf(text: string): string[] {
  const prose = text.replace(FENCE, "").replace(/`[^`]*`/g, "code");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
}

/**
 * Finds the code blocks of a language; those with a further word, such as `ignore`, are left out.
 *
 * @param text The page.
 * @param language The language.
 * @returns What is in them.
 */
export function examplesOf(text: string, language: string): string[] {
  return [...text.matchAll(FENCE)].filter(([, info]) => info === language).map(([, , code]) =>
    code
  );
}

/**
 * Names the headings of a page as links name them.
 *
 * @param text The page.
 * @returns The anchors.
 */
export function anchorsOf(text: string): string[] {
  return [...text.replace(FENCE, "").matchAll(/^#+ +(.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}

/**
 * Finds the commands in a block of a shell.
 *
 * @param block What is in the block.
 * @returns One command per line, comments left out.
 */
export function commandsOf(block: string): string[] {
  return block.split("\n").map((line) => line.replace(/(?:^|\s)#\s.*$/, "").trim()).filter(Boolean);
}

/**
 * Finds the blocks that show a command after `$` and what it writes.
 *
 * @param text The page.
 * @returns The commands and their output.
 */
export function sessionsOf(text: string): { command: string; output: string }[] {
  return examplesOf(text, "console").filter((block) => block.startsWith("$ ")).map((block) => {
    const [first, ...rest] = block.split("\n");
    return { command: first.slice(2), output: rest.join("\n") };
  });
}

/**
 * Finds examples that a page tells to save under a name.
 *
 * @param text The page.
 * @returns Names and what goes into the files.
 */
export function namedExamplesOf(text: string): [name: string, text: string][] {
  const named = /Save this as `([^`]+)`[^`]*?\n\n```[a-z]+\n([^]*?)^```$/gm;
  return [...text.matchAll(named)].map(([, name, example]) => [name, example]);
}
