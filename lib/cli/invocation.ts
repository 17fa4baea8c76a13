/**
 * How the user called the program, for commands that can be copied.
 *
 * @module
 */

/**
 * Words the call of this program.
 *
 * @param main Address of the main module.
 * @returns `deno run -R cli.ts` for a file, else `mmulab`.
 */
export function invocationOf(main: string): string {
  if (!main.startsWith("file:")) return "mmulab";
  if (Deno.permissions.querySync({ name: "read" }).state !== "granted") return "mmulab";
  const path = decodeURIComponent(new URL(main).pathname);
  const here = `${Deno.cwd()}/`;
  return `deno run -R ${path.startsWith(here) ? path.slice(here.length) : path}`;
}
