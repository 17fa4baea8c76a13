/** The genuine colours and word distance of the standard library, from npm. */

// @ts-types="./_std.d.ts"
export * from "npm:deno-std@1.4.0/fmt/colors.js";
// @ts-types="./_std.d.ts"
export * from "npm:deno-std@1.4.0/text/closest_string.js";
