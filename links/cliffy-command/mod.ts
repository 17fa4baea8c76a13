/**
 * Stands in for the part of `jsr:@cliffy/command` 1.2.1 that this project uses,
 * where JSR is out of reach. Written anew; a table of outputs of the genuine
 * package (tests/links) says what it must do.
 *
 * @module
 */

export { Command } from "./command.ts";
export { ValidationError, type ValidationErrorOptions } from "./errors.ts";
export type { ArgumentValue } from "./spec.ts";
export { EnumType } from "./value_types.ts";
