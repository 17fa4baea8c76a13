/** Folders for tests, below the only one that they may write to. */

/** Runs a test in a folder with some files, and removes it. */
export async function withFolder(
  files: Record<string, string>,
  test: (folder: string) => void | Promise<void>,
): Promise<void> {
  await Deno.mkdir("tmp", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "tmp", prefix: "runner_" });
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, content);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A small scenario. */
export function scenario(name: string, tags = "", expected = 0): string {
  return `name: ${name}\ntags: [${tags}]\nprocesses: { p: }\nsteps:\n` +
    `  - mmap: { process: p, name: a, size: 2 pages }\n    expect: { ret: "!= ${
      expected - 1
    }" }\n` +
    `  - write: { range: a }\n    expect: { ret: ${expected} }\n`;
}
