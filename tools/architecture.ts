/**
 * The rules of the project's architecture, as functions from source files to
 * problems. tests/architecture_test.ts holds the project to them.
 *
 * Sources are read with regular expressions, not parsed: comments and texts are
 * taken out first, which is right for code as `deno fmt` leaves it, except
 * that a template within a template is not looked into.
 *
 * @module
 */

/** A source file of the project. */
export interface SourceFile {
  /** Path from the root of the project, with slashes. */
  path: string;
  /** What is in it. */
  text: string;
}

/** One import or re-export. */
export interface Import {
  /** The path of the file, or the specifier if it is none of the project's. */
  target: string;
  /** Whether it is gone once types are. */
  typeOnly: boolean;
}

/** The folders of lib, from the lowest layer to the highest; a layer imports only from below. */
export const LAYERS: readonly string[] = [
  "kernel",
  "notifier",
  "mm",
  "listeners",
  "machine",
  "scenario",
  "compare",
  "report",
  "repl",
];

/** The entry points of the library; they lie above all layers. */
export const ENTRY_POINTS: readonly string[] = [
  "mod.ts",
  "scenario.ts",
  "listeners.ts",
  "report.ts",
  "repl.ts",
];

/** The most lines a file may have. */
export const MAX_LINES = 500;

/** A comment, or a text in double or single quotes, or a template. */
const COMMENT_OR_TEXT =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

/** A source without comments. */
function withoutComments(text: string): string {
  return text.replace(COMMENT_OR_TEXT, (match) => match.startsWith("/") ? " " : match);
}

/** A source without comments and texts; what templates compute stays. */
export function codeOf(text: string): string {
  return text.replace(COMMENT_OR_TEXT, (match) => {
    if (match.startsWith("/")) return " ";
    if (!match.startsWith("`")) return '""';
    return [...match.matchAll(/\$\{([^}]*)\}/g)].map(([, code]) => `(${code})`).join("+") || '""';
  });
}

/** The imports of a file, re-exports and dynamic ones too. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const code = withoutComments(text);
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean) => {
    const target = specifier.startsWith(".") ? resolve(path, specifier) : specifier;
    found.push({ target, typeOnly });
  };
  const clauses = /\b(?:import|export)\b\s*(type\b)?([\w\s{},*$]*?)\bfrom\s*["']([^"']+)["']/g;
  for (const [, type, clause, specifier] of code.matchAll(clauses)) {
    add(specifier, type !== undefined || onlyTypes(clause));
  }
  for (const [, specifier] of code.matchAll(/\bimport\s*\(?\s*["']([^"']+)["']/g)) {
    add(specifier, false);
  }
  return found;
}

/** Whether every name in `{ type A, type B }` is a type. */
function onlyTypes(clause: string): boolean {
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1].split(",").map((name) => name.trim());
  return names?.filter(Boolean).every((name) => name.startsWith("type ")) ?? false;
}

/** The path that a relative specifier means. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** The height of a file's layer; undefined outside the layers. */
export function layerOf(path: string): number | undefined {
  if (ENTRY_POINTS.includes(path)) return LAYERS.length;
  if (path === "cli.ts" || path.startsWith("lib/cli/")) return LAYERS.length + 1;
  const layer = LAYERS.indexOf(/^lib\/([^/]+)\//.exec(path)?.[1] ?? "");
  return layer < 0 ? undefined : layer;
}

/** Finds files outside every layer, and imports from a higher layer. */
export function checkLayers(files: SourceFile[]): string[] {
  return files.flatMap((file) => {
    const layer = layerOf(file.path);
    if (layer === undefined) {
      return [`${file.path} is in no layer: add its folder to LAYERS in tools/architecture.ts`];
    }
    return importsOf(file)
      .filter(({ target }) => (layerOf(target) ?? 0) > layer)
      .map(({ target }) => `${file.path} imports ${target}, which is of a higher layer`);
  });
}

/** Whether a file may know of the terminal, of files and of the process. */
function isOutside(path: string): boolean {
  return path === "cli.ts" || path.startsWith("lib/cli/") ||
    /^lib\/repl\/terminal[^/]*\.ts$/.test(path);
}

/**
 * Finds uses of the runtime in the library, which has to run in a browser too:
 * only cli.ts, lib/cli and lib/repl/terminal*.ts may use `Deno` and `node:`
 * modules, and nothing else may import those.
 */
export function checkRuntime(files: SourceFile[]): string[] {
  return files.filter(({ path }) => !isOutside(path)).flatMap((file) => [
    ...(/\b(?:Deno|process)\./.test(codeOf(file.text))
      ? [`${file.path} uses Deno or process, which only cli.ts and lib/cli may`]
      : []),
    ...importsOf(file)
      .filter(({ target }) => isOutside(target) || target.startsWith("node:"))
      .map(({ target }) => `${file.path} imports ${target}, which only cli.ts and lib/cli may`),
  ]);
}

/**
 * Finds all that a file brings along at run time: the project's files, itself included, and packages.
 *
 * @param path Path of the file.
 * @param files The project's files.
 * @returns Paths and specifiers.
 */
export function reachedFrom(path: string, files: SourceFile[]): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const visit = (target: string) => {
    if (reached.has(target)) return;
    reached.add(target);
    const file = byPath.get(target);
    if (file === undefined) return;
    for (const { target, typeOnly } of importsOf(file)) if (!typeOnly) visit(target);
  };
  visit(path);
  return reached;
}

/**
 * Finds the packages that a file needs, by way of the project's files that it imports, too.
 *
 * @param path Path of the file.
 * @param files The project's files.
 * @returns The specifiers, sorted.
 */
export function packagesOf(path: string, files: SourceFile[]): string[] {
  const own = new Set(files.map(({ path }) => path));
  return [...reachedFrom(path, files)].filter((target) => !own.has(target)).sort();
}

/** Finds clocks and chance below lib/cli: the same scenario gives the same output, always. */
export function checkDeterminism(files: SourceFile[]): string[] {
  const forbidden = /\b(?:Math\.random|Date\.now|performance\.now|new Date\(\)|crypto\.)/g;
  return files.filter(({ path }) => !isOutside(path)).flatMap(({ path, text }) =>
    [...codeOf(text).matchAll(forbidden)].map(([use]) =>
      `${path} uses ${use.replace(/\.$/, "")}, which differs from run to run: ` +
      "use the virtual clock or the seeded generator"
    )
  );
}

/** Finds files with more than {@linkcode MAX_LINES} lines. */
export function checkLength(files: SourceFile[]): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.replace(/\n$/, "").split("\n").length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path} has ${lines} lines, and may have ${MAX_LINES}: split it`);
}

/** Finds cycles of imports, each once; imports of types alone do not count. */
export function checkCycles(files: SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  const edges = new Map(files.map((file) => [
    file.path,
    importsOf(file).filter(({ typeOnly, target }) => !typeOnly && known.has(target)),
  ]));
  const done = new Set<string>();
  const problems: string[] = [];
  const visit = (path: string, trail: string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) problems.push(`Import cycle: ${[...trail.slice(start), path].join(" -> ")}`);
    if (start >= 0 || done.has(path)) return;
    for (const { target } of edges.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return problems;
}

/** Reads the TypeScript files of some folders and files, sorted; those that are not there yet are left out. */
export async function readSources(root: URL, paths: string[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const visit = async (path: string) => {
    const url = new URL(path, root);
    const info = await Deno.stat(url).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (info?.isDirectory) {
      for await (const { name } of Deno.readDir(url)) await visit(`${path}/${name}`);
    } else if (info && path.endsWith(".ts")) {
      files.push({ path, text: await Deno.readTextFile(url) });
    }
  };
  for (const path of paths) await visit(path);
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}
