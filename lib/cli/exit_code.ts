/**
 * What the exit code of the program says.
 *
 * @module
 */

/** All that was expected holds. */
export const PASSED = 0;
/** An expectation or an invariant failed. */
export const FAILED = 1;
/** A scenario or the command line is wrong. */
export const WRONG = 2;
/** All that was expected holds, but a trace was full, so that something may have been missed. */
export const INCONCLUSIVE = 3;
