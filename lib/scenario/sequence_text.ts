/**
 * Sequences of notifier callbacks in scenarios: `S CLEAR ram[3] · cp ram[3] · E`.
 *
 * `S` start, `E` end (with its invalidate_range), `e` only_end, `ir` invalidate_range, `cp`
 * change_pte, `cfy` `cy` `ty` the young-bit callbacks, `rel` release. After the letter may follow an
 * event (for S, E and e) and a range: pages, `all`, or bytes such as `[0x1000,0x3000)`. Callbacks are
 * separated by `·` or by nothing.
 *
 * @module
 */

import { ADDRESS_MAX } from "../kernel/address.ts";
import type { SequenceItem } from "../machine/expectation.ts";
import { WINDOW_EVENT_NAMES } from "../notifier/range.ts";
import { quote } from "./diagnostics.ts";
import type { Node, ScalarNode } from "./document.ts";
import { readPlacedRange } from "./range_text.ts";
import type { Scope } from "./scope.ts";
import { describe, readScalar, type Shape } from "./shape.ts";
import { suggestion } from "./suggest.ts";

const CALLBACKS = ["S", "E", "e", "ir", "cp", "cfy", "cy", "ty", "rel"] as const;
const WINDOWS = ["S", "E", "e"];
const BYTES = /^\[(0x[0-9a-f]+|[0-9]+),(0x[0-9a-f]+|[0-9]+)\)$/i;
const SEPARATOR = /[\s·]+/;

/**
 * Makes the shape of a sequence: one text or a list of them.
 *
 * @returns The shape.
 */
export function sequence(): Shape<readonly SequenceItem[]> {
  const text = { type: "string" };
  return {
    read: readSequence,
    schema: () => ({ anyOf: [text, { type: "array", items: text }] }),
  };
}

function readSequence(node: Node, scope: Scope): SequenceItem[] | undefined {
  if (node.kind === "list") {
    return node.items.flatMap((item) => readText(item, scope) ?? []);
  }
  if (node.kind === "scalar") return readText(node, scope);
  scope.report(node, `Expected a list of callbacks, got ${describe(node)}`);
  return undefined;
}

function readText(node: Node, scope: Scope): SequenceItem[] | undefined {
  const scalar = readScalar(node, scope, 'callbacks such as "S CLEAR ram[0] · E"');
  if (scalar === undefined) return undefined;
  const words = scalar.text.split(SEPARATOR).filter((word) => word !== "");
  const items: SequenceItem[] = [];
  while (words.length > 0) {
    const item = readItem(words, scalar.node, scope);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

/** Takes the words of one callback off the front. */
function readItem(words: string[], node: ScalarNode, scope: Scope): SequenceItem | undefined {
  const word = words.shift() ?? "";
  const callback = CALLBACKS.find((one) => one === word);
  if (callback === undefined) {
    const hint = suggestion(word, [...CALLBACKS, ...WINDOW_EVENT_NAMES]);
    scope.report(node, `Expected one of ${CALLBACKS.join(", ")}, got ${quote(word)}`, hint);
    return undefined;
  }
  const event = WINDOW_EVENT_NAMES.find((one) => one === words[0]);
  if (event !== undefined && WINDOWS.includes(callback)) words.shift();
  const head = event === undefined || !WINDOWS.includes(callback)
    ? { callback }
    : { callback, event };
  if (words.length === 0 || isCallback(words[0])) return head;
  const range = readItemRange(words.shift() ?? "", node, scope);
  return range && { ...head, range };
}

function isCallback(word: string): boolean {
  return CALLBACKS.some((one) => one === word);
}

function readItemRange(word: string, node: ScalarNode, scope: Scope): SequenceItem["range"] {
  if (word === "all") return { start: 0, end: ADDRESS_MAX };
  const bytes = BYTES.exec(word);
  if (bytes !== null) return { start: Number(bytes[1]), end: Number(bytes[2]) };
  if (word.endsWith(",")) {
    scope.report(node, `Expected a range, got ${quote(word)}`, 'Write " · " between callbacks');
    return undefined;
  }
  return readPlacedRange(node, word, scope);
}
