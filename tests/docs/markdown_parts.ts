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
