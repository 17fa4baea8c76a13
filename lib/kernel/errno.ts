/**
 * Error numbers that operations return as results.
 *
 * A system call that fails is a result, not an exception: operations return a negative errno as
 * the kernel does. Exceptions are for broken invariants and wrong use of the library.
 *
 * @module
 */

/** Error numbers of Linux, positive, by name. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  EOPNOTSUPP: 95,
} as const;

/** The name of an error number, such as `"EAGAIN"`. */
export type ErrnoName = keyof typeof ERRNO;

const NAMES = new Map<number, string>(
  Object.entries(ERRNO).map(([name, value]) => [value, name]),
);

/**
 * Names a result code.
 *
 * @param code A negative (or positive) error number.
 * @returns The name, such as `"EAGAIN"`, or `"errno N"` for an unknown one.
 */
export function errnoName(code: number): string {
  const positive = Math.abs(code);
  return NAMES.get(positive) ?? `errno ${positive}`;
}
