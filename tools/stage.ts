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

const folder = await Deno.makeTempDir({ prefix: "mmulab-" });
try {
  const cwd = await stage(new URL(`file://${folder}/`));
  const args = ["publish", "--dry-run", "--allow-dirty"];
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}
