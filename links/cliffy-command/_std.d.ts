/** Types of the two modules of npm's `deno-std` that are used here. */

/** The word of `possibleWords` that is nearest to `givenWord`. */
export function closestString(givenWord: string, possibleWords: readonly string[]): string;

/** Whether the functions below add colours. */
export function getColorEnabled(): boolean;
/** Turns colours on or off; they stay off where `NO_COLOR` is set. */
export function setColorEnabled(value: boolean): void;
/** Takes the colours out of a text. */
export function stripAnsiCode(text: string): string;
/** Bold text. */
export function bold(text: string): string;
/** Dim text. */
export function dim(text: string): string;
/** Italic text. */
export function italic(text: string): string;
/** Red text. */
export function red(text: string): string;
/** Green text. */
export function green(text: string): string;
/** Yellow text. */
export function yellow(text: string): string;
/** Bright blue text. */
export function brightBlue(text: string): string;
/** Bright magenta text. */
export function brightMagenta(text: string): string;
