/**
 * Stands in for `jsr:@std/yaml` where JSR is out of reach: the genuine code, as
 * npm's `deno-std` carries it, with types for the part this project uses.
 *
 * @module
 */

// @ts-types="./mod.d.ts"
export { parse } from "npm:deno-std@1.4.0/yaml/mod.js";
