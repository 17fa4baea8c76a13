/** The answer to a question, or why it is none. */
export type Answer<T> = { value: T } | { problem: string };

/** One value to choose. */
export interface Choice<T> {
  /** The value. */
  value: T;
  /** How it is shown, if not as it is. */
  name?: string;
}

/** Takes a line as text. */
export function readInput(
  line: string,
  { default: usual, minLength = 0, validate }: {
    default?: string;
    minLength?: number;
    validate?: (value: string) => boolean | string;
  },
): Answer<string> {
  const value = line === "" && usual !== undefined ? usual : line;
  if (value.length < minLength) {
    return { problem: `Value is too short: it needs ${minLength} characters` };
  }
  const verdict = validate?.(value) ?? true;
  if (verdict === true) return { value };
  return { problem: typeof verdict === "string" ? verdict : "Invalid answer" };
}

/** Takes a line as yes or no. */
export function readConfirm(line: string, usual?: boolean): Answer<boolean> {
  if (line === "" && usual !== undefined) return { value: usual };
  if (/^(y|yes)$/i.test(line)) return { value: true };
  if (/^(n|no)$/i.test(line)) return { value: false };
  return { problem: `Answer yes or no, not "${line}"` };
}

/** Takes a line as the number or the name of a choice. */
export function readChoice<T>(line: string, choices: Choice<T>[], usual?: T): Answer<T> {
  if (line === "" && usual !== undefined) return { value: usual };
  const choice = choices.find(({ name, value }) => line === String(name ?? value)) ??
    choices[Number(line) - 1];
  if (choice) return { value: choice.value };
  return { problem: `Choose a number from 1 to ${choices.length} or a name, not "${line}"` };
}
