/**
 * A seeded generator, the only source of chance in a simulated machine.
 *
 * @module
 */

/** A stream of pseudo-random numbers (xorshift32); equal seeds give equal streams. */
export class Rng {
  #state: number;

  /**
   * Starts a stream.
   *
   * @param seed Any integer; its low 32 bits are used and 0 is replaced by a constant.
   */
  constructor(seed: number) {
    this.#state = (Math.imul(seed | 0, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1;
  }

  /**
   * Draws the next number.
   *
   * @returns An integer from 0 to 2^32 - 1.
   */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /**
   * Draws an integer below a bound.
   *
   * @param bound Exclusive upper bound, from 1 to 2^32.
   * @returns An integer from 0 to `bound - 1`.
   */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound);
  }
}
