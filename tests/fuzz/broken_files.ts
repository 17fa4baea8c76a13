/**
 * Broken scenario files: good ones with mistakes of the kinds that people, editors and attackers make.
 *
 * @module
 */

import fc from "fast-check";

/** A broken file. */
export interface BrokenFile {
  /** What was done to which file. */
  readonly about: string;
  /** The file. */
  readonly bytes: Uint8Array;
}

/** Makes a mistake in a text; the numbers say where, from 0 to below 1. */
type Mistake = (text: string, where: number, which: number) => string;

/** Values in place of others. */
const VALUES = [
  "",
  "[]",
  "{}",
  "null",
  "true",
  "-1",
  "0",
  "1.5",
  "1e308",
  ".nan",
  "99999999999999999999",
  "0x7fffffffffffffff",
  "256 GiB",
  "100000",
  '"${1 / 0}"',
  '"${missing}"',
  '"${"',
  "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
  "{ __proto__: { a: 1 } }",
  "constructor",
  "*missing",
  "!!js/function x",
  '"unterminated',
  "'unterminated",
  "[unterminated",
  "{ unterminated: ",
  '"\\u202e\\u0000"',
  "ram[99999999999999999999]",
  "x".repeat(20_000),
] as const;

/** Pieces that break the text wherever they stand. */
const PIECES = [
  '"',
  "'",
  "[",
  "}",
  "\t",
  "\u0000",
  "\ufeff",
  "\u2028",
  ": ",
  "- ",
  "&a ",
  "*a ",
  "|",
];

const BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" +
  [..."bcdefghi"].map((name, at) => `${name}: &${name} [${`*${"abcdefghi"[at]},`.repeat(9)}]\n`)
    .join("");

const MISTAKES: Readonly<Record<string, Mistake>> = {
  "without a line": onLine((line) => line.map(() => undefined)),
  "with a line twice": onLine(([line]) => [line, line]),
  "with a line indented by a space": onLine(([line]) => [` ${line}`]),
  "with a line indented by a tab": onLine(([line]) => [`\t${line.trimStart()}`]),
  "with a line not indented": onLine(([line]) => [line.trimStart()]),
  "with a line cut off": onLine(([line], which) => [line.slice(0, which * line.length)]),
  "with a misspelled word": onLine(([line], which) => [misspelled(line, which)]),
  "with another value": onLine((
    [line],
    which,
  ) => [line.replace(/: .*/, `: ${pick(VALUES, which)}`)]),
  "with another value in braces": onLine((
    [line],
    which,
  ) => [line.replace(/: [^:{},]+(?=[,}])/, `: ${pick(VALUES, which)}`)]),
  "with larger numbers": onLine(([line]) => [line.replace(/\d+/g, "$&000000")]),
  "with a negative number": onLine(([line]) => [line.replace(/\d+/, "-$&")]),
  "with a piece too many": (text, where, which) => {
    const at = Math.floor(where * text.length);
    return text.slice(0, at) + pick(PIECES, which) + text.slice(at);
  },
  "without a span": (text, where, which) => {
    const at = Math.floor(where * text.length);
    return text.slice(0, at) + text.slice(at + Math.floor(which * 200));
  },
  "that ends early": (text, where) => text.slice(0, where * text.length),
  "with two steps exchanged": (text, where, which) => {
    const steps = text.split(/^(?= {2}- )/m);
    const [one, other] = [where, which].map((at) => 1 + Math.floor(at * (steps.length - 1)));
    [steps[one], steps[other]] = [steps[other] ?? "", steps[one] ?? ""];
    return steps.join("");
  },
  "after an alias bomb": (text) => BOMB + text,
  "with two documents": (text) => `${text}---\n${text}`,
  "with other line ends": (text) => text.replaceAll("\n", "\r\n"),
};

/** Bytes that are no UTF-8. */
const BAD_BYTES = [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80]] as const;

/**
 * Makes broken files, the same for the same number.
 *
 * @param good Good files by name.
 * @param count How many.
 * @returns The files; a few of them may be good.
 */
export function brokenFiles(good: Readonly<Record<string, string>>, count: number): BrokenFile[] {
  const place = fc.noBias(fc.integer({ min: 0, max: 9999 })).map((at) => at / 10_000);
  const one = fc.record({
    name: fc.constantFrom(...Object.keys(good)),
    mistakes: fc.array(fc.tuple(fc.constantFrom(...Object.keys(MISTAKES)), place, place), {
      minLength: 1,
      maxLength: 2,
    }),
    bytes: fc.oneof(
      { arbitrary: fc.constant(null), weight: 19 },
      { arbitrary: fc.tuple(fc.constantFrom(...BAD_BYTES), place), weight: 1 },
    ),
  });
  return fc.sample(one, { numRuns: count, seed: 1 }).map(({ name, mistakes, bytes }) => {
    const text = mistakes.reduce(
      (all, [what, where, which]) => MISTAKES[what](all, where, which),
      good[name],
    );
    const about = [
      name,
      ...mistakes.map(([what]) => what),
      ...(bytes === null ? [] : ["in bytes"]),
    ];
    return { about: about.join(" "), bytes: withBytes(new TextEncoder().encode(text), bytes) };
  });
}

function withBytes(
  text: Uint8Array,
  bad: readonly [readonly number[], number] | null,
): Uint8Array {
  if (bad === null) return text;
  const at = Math.floor(bad[1] * text.length);
  return new Uint8Array([...text.subarray(0, at), ...bad[0], ...text.subarray(at)]);
}

function onLine(
  change: (line: readonly [string], which: number) => readonly (string | undefined)[],
): Mistake {
  return (text, where, which) => {
    const lines = text.split("\n");
    const at = Math.floor(where * lines.length);
    const changed = change([lines[at]], which).filter((line) => line !== undefined);
    return lines.toSpliced(at, 1, ...changed).join("\n");
  };
}

function misspelled(line: string, which: number): string {
  const words = [...line.matchAll(/[A-Za-z_]{2,}/g)];
  const word = words[Math.floor(which * words.length)];
  if (word === undefined) return line;
  const [first, second] = word[0];
  return line.slice(0, word.index) + second + first + line.slice(word.index + 2);
}

function pick<Item>(items: readonly Item[], which: number): Item {
  return items[Math.floor(which * items.length)];
}
