/**
 * The version of the program; a test holds it to deno.json.
 *
 * @module
 */

/** Version of the package. */
export const VERSION = "0.1.0";
