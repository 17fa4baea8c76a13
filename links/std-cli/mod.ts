/**
 * Stands in for `jsr:@std/cli` where JSR is out of reach: the genuine code, as
 * npm's `deno-std` carries it, with types for the part this project uses.
 *
 * @module
 */

// @ts-types="./mod.d.ts"
export { parseArgs } from "npm:deno-std@1.4.0/cli/parse_args.js";
