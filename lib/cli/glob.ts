/**
 * Files by patterns: `*` and `?` within a name, `**` for any folders, `{a,b}` and `[a-z]`.
 *
 * Shells expand most patterns; this is for those that arrive quoted.
 *
 * @module
 */

/** Deepest folder that is looked into. */
const MAX_DEPTH = 40;

/**
 * Tells whether a path is a pattern.
 *
 * @param path The path.
 * @returns True if it has a character with a meaning.
 */
export function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

/**
 * Finds the files that a pattern stands for; hidden ones only where it names the dot.
 *
 * @param pattern The pattern.
 * @returns Paths in alphabetical order.
 */
export function expandGlob(pattern: string): string[] {
  const root = pattern.startsWith("/") ? "/" : "";
  const parts = pattern.split("/").filter((part) => part !== "");
  return alternatives(parts.join("/")).flatMap((one) => walk(root, one.split("/"), 0))
    .filter((path, index, all) => all.indexOf(path) === index).sort();
}

/** Writes out what stands in braces. */
function alternatives(pattern: string): string[] {
  const found = /\{([^{}]*)\}/.exec(pattern);
  if (found === null) return [pattern];
  const { 0: all, 1: inner, index } = found;
  const [before, after] = [pattern.slice(0, index), pattern.slice(index + all.length)];
  return inner.split(",").flatMap((word) => alternatives(before + word + after));
}

function walk(folder: string, parts: readonly string[], depth: number): string[] {
  const [part, ...rest] = parts;
  if (depth > MAX_DEPTH) return [];
  if (part === "**") {
    const below = entriesOf(folder).filter(({ isDirectory, name }) =>
      isDirectory && !name.startsWith(".")
    );
    const next = rest.length === 0 ? ["*"] : rest;
    return [
      ...walk(folder, next, depth),
      ...below.flatMap(({ name }) => walk(`${folder}${name}/`, parts, depth + 1)),
    ];
  }
  if (!isGlob(part)) return step(folder, part, rest, depth);
  const matches = matcherOf(part);
  return entriesOf(folder).filter(({ name }) => matches.test(name))
    .flatMap(({ name }) => step(folder, name, rest, depth));
}

function step(folder: string, name: string, rest: readonly string[], depth: number): string[] {
  const path = folder + name;
  if (rest.length > 0) return walk(`${path}/`, rest, depth + 1);
  try {
    return Deno.statSync(path).isFile ? [path] : [];
  } catch {
    return [];
  }
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder === "" ? "." : folder)];
  } catch {
    return [];
  }
}

/** Makes the test of one name. */
function matcherOf(part: string): RegExp {
  const source = part.replace(/\[[^\]]+\]|[*?]|[.+^${}()|\\[\]]/g, (piece) => {
    if (piece === "*") return "[^/]*";
    if (piece === "?") return "[^/]";
    if (piece.length > 1) {
      return `[${piece.slice(1, -1).replace(/^!/, "^").replace(/\\/g, "\\\\")}]`;
    }
    return `\\${piece}`;
  });
  return new RegExp(`^${part.startsWith(".") ? "" : "(?!\\.)"}${source}$`);
}
