/**
 * Limits on scenario files: far above any use, low enough that no file can hang the program.
 *
 * @module
 */

/** Most UTF-16 units of a file. */
export const MAX_FILE_SIZE: number = 1024 * 1024;
/** Most levels of lists and maps within each other. */
export const MAX_DEPTH = 32;
/** Most nodes after every alias has been replaced by what it stands for. */
export const MAX_NODES = 1_000_000;
/** Most passes through one loop. */
export const MAX_LOOP_COUNT = 100_000;
/** Most passes through a loop with `until` that gives no number. */
export const UNTIL_PASSES = 100;
/** Most steps, and most passes through all loops together, after expansion. */
export const MAX_STEPS = 100_000;
/** Most bytes of simulated memory: 256 GiB. */
export const MAX_MEMORY: number = 256 * 2 ** 30;
/** Least bytes of simulated memory: 1 MiB. */
export const MIN_MEMORY: number = 2 ** 20;
/** Most NUMA nodes. */
export const MAX_NUMA_NODES = 8;
/** Most variables of a file. */
export const MAX_VARIABLES = 256;
/** Most characters of one expression. */
export const MAX_EXPRESSION_LENGTH = 1000;
/** Most characters of a text made with expressions. */
export const MAX_TEXT_LENGTH = 10_000;
/** Most diagnostics reported for one file. */
export const MAX_DIAGNOSTICS = 100;
/** Most files that a scenario includes. */
export const MAX_INCLUDES = 64;
/** Most fragments and included files within each other. */
export const MAX_INCLUDE_DEPTH = 16;
/** Most cells of a matrix. */
export const MAX_CELLS = 256;
