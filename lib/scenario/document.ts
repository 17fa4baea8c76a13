/**
 * YAML text to nodes that know where they are written.
 *
 * `@std/yaml` gives positions for syntax errors only, none per node; a checker that points at the
 * wrong word needs them, so this file (alone) uses npm's `yaml`. Aliases are replaced by the node
 * they stand for; the total size after that is limited, so no bomb goes further than here.
 *
 * @module
 */

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node as YamlNode,
  parseDocument,
} from "yaml";
import { quote, type Reporter, type Span } from "./diagnostics.ts";
import { MAX_DEPTH, MAX_FILE_SIZE, MAX_NODES } from "./limits.ts";

/** A scalar of YAML's core schema. */
export type Scalar = string | number | boolean | null;

/** A scalar and where it is written. */
export interface ScalarNode {
  /** Tells the nodes apart. */
  readonly kind: "scalar";
  /** The value. */
  readonly value: Scalar;
  /** The value as written: `5.10` where the value is 5.1. */
  readonly text: string;
  /** Where it is written, quotes included. */
  readonly span: Span;
}

/** A list and where it is written. */
export interface ListNode {
  /** Tells the nodes apart. */
  readonly kind: "list";
  /** Its items. */
  readonly items: readonly Node[];
  /** Where it is written. */
  readonly span: Span;
}

/** One key of a map with its value. */
export interface Entry {
  /** The key. */
  readonly key: ScalarNode;
  /** The value. */
  readonly value: Node;
}

/** A map and where it is written; no key occurs twice. */
export interface MapNode {
  /** Tells the nodes apart. */
  readonly kind: "map";
  /** Its entries in order. */
  readonly entries: readonly Entry[];
  /** Where it is written. */
  readonly span: Span;
}

/** A node of a scenario file. */
export type Node = ScalarNode | ListNode | MapNode;

/**
 * Reads a YAML text; what is wrong with it is reported.
 *
 * @param reporter The text, and where to report.
 * @returns The top node, or undefined if the text cannot be used.
 */
export function readDocument(reporter: Reporter): Node | undefined {
  const { source } = reporter;
  if (source.length > MAX_FILE_SIZE) {
    const message = `File has ${source.length} characters: the limit is ${MAX_FILE_SIZE}`;
    reporter.report({ offset: 0, length: 1 }, message);
    return undefined;
  }
  const document = parseDocument(source, {
    prettyErrors: false,
    schema: "core",
    uniqueKeys: false,
    version: "1.2",
  });
  const before = reporter.count;
  reportSyntax(document, reporter);
  if (reporter.count > before) return undefined;
  const node = new Converter(reporter).convert(document.contents, 0, 0);
  return reporter.count > before ? undefined : node;
}

/** Reports what YAML itself forbids; after a first error the rest of the text means little. */
function reportSyntax(document: Document, reporter: Reporter): void {
  for (const { code, message, pos } of [...document.errors.slice(0, 1), ...document.warnings]) {
    const span = { offset: pos[0], length: Math.max(1, pos[1] - pos[0]) };
    if (code === "RESOURCE_EXHAUSTION") return reportDepth(span, reporter);
    const text = `Invalid YAML: ${message.replace(/\.$/, "")}`;
    reporter.report(span, text, quotingHint(span, reporter));
  }
}

function reportDepth(span: Span, reporter: Reporter): void {
  const message = `Lists and maps are nested too deeply: the limit is ${MAX_DEPTH} levels`;
  reporter.report(span, message);
}

/** YAML gives a meaning of its own to some signs at the beginning of a value, and to brackets. */
function quotingHint(span: Span, reporter: Reporter): string | undefined {
  const { line, column } = reporter.position(span.offset);
  const near = reporter.line(line).slice(Math.max(0, column - 4), column + 3);
  if (/[>!|%@`]/.test(near)) return 'Write comparisons in quotes, such as ">= 3"';
  const isBracket = /\w\[/.test(near);
  return isBracket ? 'Write ranges in quotes within [ ] or { }, such as "ram[0]"' : undefined;
}

interface Sized {
  readonly node: Node;
  readonly size: number;
}

class Converter {
  readonly #reporter: Reporter;
  readonly #anchors = new Map<string, Sized>();
  #size = 0;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  convert(node: unknown, depth: number, from: number): Node | undefined {
    return this.#convert(node as YamlNode | null, depth, from)?.node;
  }

  #convert(node: YamlNode | null, depth: number, from: number): Sized | undefined {
    const span = spanOf(node, from);
    if (depth > MAX_DEPTH) {
      reportDepth(span, this.#reporter);
      return undefined;
    }
    if (isAlias(node)) return this.#alias(node.source, span);
    const sized = this.#convertOwn(node, depth, span);
    const anchor = node !== null && "anchor" in node ? node.anchor : undefined;
    if (sized !== undefined && anchor !== undefined) this.#anchors.set(anchor, sized);
    return sized;
  }

  #convertOwn(node: YamlNode | null, depth: number, span: Span): Sized | undefined {
    if (!this.#count(1, span)) return undefined;
    if (isMap(node)) return this.#map(node.items, depth, span);
    if (isSeq(node)) return this.#list(node.items, depth, span);
    return { node: scalarNode(node, span), size: 1 };
  }

  #alias(name: string, span: Span): Sized | undefined {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      const message = `Unknown alias ${quote(name)}: expected an anchor that ends before it`;
      this.#reporter.report(span, message);
      return undefined;
    }
    return this.#count(target.size, span) ? target : undefined;
  }

  #count(nodes: number, span: Span): boolean {
    this.#size += nodes;
    if (this.#size <= MAX_NODES) return true;
    this.#reporter.report(span, `Aliases make the file too large: the limit is ${MAX_NODES} nodes`);
    return false;
  }

  #list(items: readonly unknown[], depth: number, span: Span): Sized | undefined {
    const nodes: Node[] = [];
    let size = 1;
    for (const item of items) {
      const sized = this.#convert(item as YamlNode | null, depth + 1, span.offset);
      if (sized === undefined) return undefined;
      nodes.push(sized.node);
      size += sized.size;
    }
    return { node: { kind: "list", items: nodes, span }, size };
  }

  #map(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    depth: number,
    span: Span,
  ): Sized | undefined {
    const entries = new Map<string, Entry>();
    let size = 1;
    for (const pair of pairs) {
      const key = this.#key(pair.key, depth, span);
      if (key === undefined) return undefined;
      const sized = this.#convert(pair.value as YamlNode | null, depth + 1, endOf(key.span));
      if (sized === undefined) return undefined;
      if (entries.has(key.text)) {
        this.#reporter.report(key.span, `Key ${quote(key.text)} occurs twice in one map`);
      }
      entries.set(key.text, { key, value: sized.node });
      size += 1 + sized.size;
    }
    return { node: { kind: "map", entries: [...entries.values()], span }, size };
  }

  #key(key: unknown, depth: number, span: Span): ScalarNode | undefined {
    const node = this.convert(key, depth + 1, span.offset);
    if (node === undefined || node.kind === "scalar") return node;
    this.#reporter.report(node.span, `Expected a word as key, got a ${node.kind}`);
    return undefined;
  }
}

function scalarNode(node: YamlNode | null, span: Span): ScalarNode {
  const value: unknown = isScalar(node) ? node.value : null;
  const written = isScalar(node) && typeof node.source === "string" ? node.source : "";
  if (value === null || typeof value === "number" || typeof value === "boolean") {
    return { kind: "scalar", value, text: written, span };
  }
  const text = typeof value === "string" ? value : written;
  return { kind: "scalar", value: text, text, span };
}

function spanOf(node: YamlNode | null, from: number): Span {
  const range = node?.range;
  if (!range) return { offset: from, length: 1 };
  return { offset: range[0], length: Math.max(0, range[1] - range[0]) };
}

function endOf(span: Span): number {
  return span.offset + span.length;
}
