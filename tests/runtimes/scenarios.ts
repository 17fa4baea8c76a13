/**
 * The scenarios that every runtime has to agree on.
 *
 * @module
 */

const NAMES = ["ksm-merge-kvm", "compaction-rdma-pinned", "soft-dirty-tracking"];

/**
 * Reads them.
 *
 * @returns Their texts.
 */
export function readScenarios(): Promise<string[]> {
  const folder = new URL("../../scenarios/", import.meta.url);
  return Promise.all(NAMES.map((name) => Deno.readTextFile(new URL(`${name}.yaml`, folder))));
}
