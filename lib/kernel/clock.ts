/**
 * The virtual clock of a machine.
 *
 * @module
 */

/** Time that passes only when something modelled happens. */
export class Clock {
  #now = 0;

  /** Nanoseconds since the machine was made. */
  get now(): number {
    return this.#now;
  }

  /**
   * Lets time pass.
   *
   * @param ns Nanoseconds, not negative.
   */
  advance(ns: number): void {
    this.#now += ns;
  }
}
