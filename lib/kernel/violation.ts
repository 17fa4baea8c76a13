/**
 * Violations: broken invariants, reported with all that is needed to find the cause.
 *
 * @module
 */

/** One breach of an invariant. */
export interface Violation {
  /** The invariant, such as `"coherence"` or `"refcount"`. */
  readonly invariant: string;
  /** What was expected and what was found, one sentence. */
  readonly message: string;
  /** The listener concerned, if any. */
  readonly listener?: string;
  /** The process concerned, if any. */
  readonly process?: string;
  /** The page concerned: address in bytes. */
  readonly address?: number;
  /** The operation after which the breach was found. */
  readonly operation?: string;
}

/** Thrown where the simulated kernel finds itself broken; names the function. */
export class KernelBugError extends Error {
  /** Name of the class. */
  override readonly name = "KernelBugError";

  /**
   * Makes the error.
   *
   * @param where The function that found it, in kernel spelling.
   * @param what What was found, without a final period.
   */
  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
  }
}
