/**
 * Shows what would be published, where JSR is out of reach.
 *
 * Publishing leaves the stand-ins in links/ out, and without them the packages
 * from JSR cannot be had. So this puts the package's files into one temporary
 * folder, the stand-ins into another beside it (there they are no part of the
 * package), and makes a dry run there.
 *
 *     deno task publish:dry
 *
 * @module
 */

// deno-lint-ignore-file no-console

/** The part of deno.json that matters here. */
interface Config {
  links: string[];
  publish: { include: string[] };
}

const ROOT = new URL("..", import.meta.url);

/** Copies a file, or a folder with all that is in it. */
async function copy(from: URL, to: URL): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) {
    await copy(new URL(`${name}`, `${from}/`), new URL(`${name}`, `${to}/`));
  }
}

/** Whether a file or folder exists. */
async function exists(path: URL): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Puts the package into the folder `package`, and its stand-ins into `links`.
 *
 * @returns The folder of the package.
 */
async function stage(folder: URL): Promise<URL> {
  const config: Config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const target = new URL("package/", folder);
  await Deno.mkdir(target, { recursive: true });
  for (const name of config.publish.include) {
    const from = new URL(name, ROOT);
    if (await exists(from)) await copy(from, new URL(name, target));
  }
  await copy(new URL("links", ROOT), new URL("links", folder));
  config.links = config.links.map((link) => `.${link}`);
  await Deno.writeTextFile(new URL("deno.json", target), JSON.stringify(config, null, 2));
  return target;
}

/** What a user needs, by path in the package. */
const NEEDED =
  /^(?:README\.md|LICENSE|deno\.json|[a-z]+\.ts|lib\/.*\.ts|schema\/.*\.json|scenarios\/.*\.yaml)$/;
/** The most bytes of the packed files. */
const MAX_PACKED = 1_000_000;

/**
 * Finds what should not be published.
 *
 * @param files Paths in the package.
 * @param packed Bytes of all files together, packed.
 * @returns What is wrong.
 */
export function problemsOf(files: readonly string[], packed: number): string[] {
  const isStray = (file: string) => !NEEDED.test(file) || /_(?:test|bench)\.ts$/.test(file);
  return [
    ...files.filter(isStray).map((file) => `${file} is published, and no user needs it`),
    ...["mod.ts", "README.md", "LICENSE"].filter((file) => !files.includes(file))
      .map((file) => `${file} is not published`),
    ...(packed < MAX_PACKED ? [] : [`The package has ${packed} bytes: the limit is ${MAX_PACKED}`]),
  ];
}

/** Bytes of files, packed one after the other as an archive would. */
async function packedSize(files: readonly string[], folder: URL): Promise<number> {
  const parts = await Promise.all(files.map((file) => Deno.readFile(new URL(file, folder))));
  const packed = new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(packed).arrayBuffer()).byteLength;
}

/** Makes a dry run in a folder and looks at what it lists. */
async function dryRun(folder: URL): Promise<boolean> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty"],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const output = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  console.log(output.trimEnd());
  const files = [...output.matchAll(/^ +(file:\S+) \([0-9.]+[KM]?B\)$/gm)]
    .map(([, url]) => url.slice(folder.href.length));
  const packed = await packedSize(files, folder);
  console.log(`${files.length} files, ${packed} bytes when packed`);
  const problems = problemsOf(files, packed);
  for (const problem of problems) console.error(`error: ${problem}`);
  return success && problems.length === 0;
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir({ prefix: "mmulab-" });
  try {
    Deno.exitCode = await dryRun(await stage(new URL(`file://${folder}/`))) ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
