/**
 * YAML text to nodes that know where they are written.
 *
 * Aliases are replaced by the node they stand for; the total size after that is limited, so no bomb
 * goes further than here.
 *
 * @module
 */

import {
  type AliasEvent,
  COLLECTION_STYLE_FLOW,
  CORE_SCHEMA,
  type Event,
  EVENT_ALIAS,
  EVENT_DOCUMENT,
  EVENT_MAPPING,
  EVENT_POP,
  EVENT_SCALAR,
  EVENT_SEQUENCE,
  getScalarValue,
  type MappingEvent,
  SCALAR_STYLE_DOUBLE_QUOTED,
  SCALAR_STYLE_PLAIN,
  SCALAR_STYLE_SINGLE_QUOTED,
  type ScalarEvent,
  type SequenceEvent,
} from "js-yaml";
import { quote, type Reporter, SourceReporter, type Span } from "./diagnostics.ts";
import { raiseHint } from "./raised_limits.ts";
import type { SourceText } from "./source.ts";
import { quotingHint, readEvents, reportDepth } from "./yaml_events.ts";

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
 * @param reporter Where to report.
 * @param source The text; that of the scenario file unless given.
 * @returns The top node, or undefined if the text cannot be used.
 */
export function readDocument(
  reporter: Reporter,
  source: SourceText = reporter.main,
): Node | undefined {
  const own = new SourceReporter(reporter, source);
  const { length } = source.text;
  const { file_size: most } = reporter.limits;
  if (length > most) {
    const message = `File has ${length} characters: the limit is ${most}`;
    own.report({ offset: 0, length: 1 }, message, raiseHint("file_size"));
    return undefined;
  }
  const before = reporter.count;
  const events = readEvents(own);
  const node = events && new Builder(own, events).document();
  return reporter.count > before ? undefined : node;
}

interface Sized {
  readonly node: Node;
  readonly size: number;
}

/** Builds nodes from events; the end of a list or map is an event too. */
class Builder {
  readonly #reporter: SourceReporter;
  readonly #events: readonly Event[];
  readonly #anchors = new Map<string, Sized>();
  #at = 0;
  #size = 0;

  constructor(reporter: SourceReporter, events: readonly Event[]) {
    this.#reporter = reporter;
    this.#events = events;
  }

  /** The node of the only document; an empty text is one without a value. */
  document(): Node | undefined {
    const more = this.#events.findIndex(({ type }, at) => at > 0 && type === EVENT_DOCUMENT);
    if (more >= 0) {
      const offset = startOf(this.#events[more + 1]) ?? this.#reporter.source.length;
      const message = "File contains multiple documents: expected one";
      this.#reporter.report({ offset, length: 1 }, message);
      return undefined;
    }
    this.#at = 1;
    if (this.#events.length < 3) return this.#nothing();
    return this.#build(0, 0)?.node;
  }

  #nothing(): ScalarNode {
    return { kind: "scalar", value: null, text: "", span: this.#reporter.span(0, 1) };
  }

  #build(depth: number, from: number): Sized | undefined {
    const event = this.#events[this.#at++];
    if (event.type === EVENT_ALIAS) return this.#alias(event);
    if (event.type === EVENT_DOCUMENT || event.type === EVENT_POP) {
      throw new TypeError(`Expected a node, got event ${event.type}`);
    }
    const span = this.#reporter.span(startOf(event) ?? from, 1);
    if (depth > this.#reporter.limits.depth) {
      reportDepth(span, this.#reporter);
      return undefined;
    }
    if (!this.#count(1, span)) return undefined;
    const sized = event.type === EVENT_SCALAR
      ? this.#scalar(event, span)
      : this.#collection(event, depth, span);
    if (sized === undefined) return undefined;
    const { anchorStart, anchorEnd } = event;
    if (anchorStart >= 0) {
      this.#anchors.set(this.#reporter.source.slice(anchorStart, anchorEnd), sized);
    }
    return sized;
  }

  #alias({ anchorStart, anchorEnd }: AliasEvent): Sized | undefined {
    const name = this.#reporter.source.slice(anchorStart, anchorEnd);
    const span = { offset: anchorStart - 1, length: name.length + 1 };
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
    const { nodes: most } = this.#reporter.limits;
    if (this.#size <= most) return true;
    const message = `Aliases make the file too large: the limit is ${most} nodes`;
    this.#reporter.report(span, message, raiseHint("nodes"));
    return false;
  }

  /** Only `!!str` and `!` are understood, which say that a word is text. */
  #scalar(event: ScalarEvent, from: Span): Sized | undefined {
    const { source } = this.#reporter;
    const tag = this.#tag(event);
    if (tag !== undefined && tag !== "!" && tag !== "!!str") return this.#unknownTag(event);
    const text = getScalarValue(source, event);
    const place = event.valueStart < 0 ? from : spanOfScalar(event);
    const span = this.#reporter.span(place.offset, place.length);
    const isText = tag !== undefined || event.style !== SCALAR_STYLE_PLAIN;
    const value = isText ? text : CORE_SCHEMA.resolveImplicitScalarTag(text).value as Scalar;
    return { node: { kind: "scalar", value, text, span }, size: 1 };
  }

  #collection(
    event: SequenceEvent | MappingEvent,
    depth: number,
    span: Span,
  ): Sized | undefined {
    if (this.#tag(event) !== undefined) return this.#unknownTag(event);
    const sized = event.type === EVENT_SEQUENCE ? this.#list(depth, span) : this.#map(depth, span);
    this.#at++; // the end
    return sized && { ...sized, node: this.#whole(sized.node, event) };
  }

  #tag({ tagStart, tagEnd }: ScalarEvent | SequenceEvent | MappingEvent): string | undefined {
    return tagStart < 0 ? undefined : this.#reporter.source.slice(tagStart, tagEnd);
  }

  #unknownTag(event: ScalarEvent | SequenceEvent | MappingEvent): undefined {
    const span = { offset: event.tagStart, length: event.tagEnd - event.tagStart };
    const message = `Invalid YAML: unknown tag ${quote(this.#tag(event)!)}`;
    this.#reporter.report(span, message, quotingHint(span, this.#reporter));
  }

  /** The node with the span from its first to its last sign. */
  #whole(node: Node, event: SequenceEvent | MappingEvent): Node {
    const { source } = this.#reporter;
    const { offset } = node.span;
    const last = node.kind === "list"
      ? node.items.at(-1)
      : node.kind === "map"
      ? node.entries.at(-1)?.value
      : undefined;
    let end = last === undefined || last.span.offset < offset ? offset + 1 : endOf(last.span);
    if (event.style === COLLECTION_STYLE_FLOW) {
      do end++; while (end < source.length && !"]}".includes(source[end - 1]));
    }
    return { ...node, span: this.#reporter.span(offset, end - offset) };
  }

  #list(depth: number, span: Span): Sized | undefined {
    const items: Node[] = [];
    let size = 1;
    while (this.#events[this.#at].type !== EVENT_POP) {
      const sized = this.#build(depth + 1, span.offset);
      if (sized === undefined) return undefined;
      items.push(sized.node);
      size += sized.size;
    }
    return { node: { kind: "list", items, span }, size };
  }

  #map(depth: number, span: Span): Sized | undefined {
    const entries = new Map<string, Entry>();
    let size = 1;
    while (this.#events[this.#at].type !== EVENT_POP) {
      const key = this.#key(depth, span);
      if (key === undefined) return undefined;
      const sized = this.#build(depth + 1, this.#afterColon(endOf(key.span)));
      if (sized === undefined) return undefined;
      if (entries.has(key.text)) {
        this.#reporter.report(key.span, `Key ${quote(key.text)} occurs twice in one map`);
      }
      entries.set(key.text, { key, value: sized.node });
      size += 1 + sized.size;
    }
    return { node: { kind: "map", entries: [...entries.values()], span }, size };
  }

  /** Where a value would be that is not there. */
  #afterColon(end: number): number {
    const colon = /\s*:/y;
    colon.lastIndex = end;
    return colon.test(this.#reporter.source) ? colon.lastIndex : end;
  }

  #key(depth: number, span: Span): ScalarNode | undefined {
    const node = this.#build(depth + 1, span.offset)?.node;
    if (node === undefined || node.kind === "scalar") return node;
    this.#reporter.report(node.span, `Expected a word as key, got a ${node.kind}`);
    return undefined;
  }
}

/** Where a node begins; undefined for one without a value. */
function startOf(event: Event): number | undefined {
  if (event.type === EVENT_SEQUENCE || event.type === EVENT_MAPPING) return event.start;
  if (event.type === EVENT_ALIAS) return event.anchorStart - 1;
  const isValue = event.type === EVENT_SCALAR && event.valueStart >= 0;
  return isValue ? spanOfScalar(event).offset : undefined;
}

/** Where a scalar is written, quotes included. */
function spanOfScalar({ valueStart, valueEnd, style }: ScalarEvent): Span {
  const isQuoted = style === SCALAR_STYLE_SINGLE_QUOTED || style === SCALAR_STYLE_DOUBLE_QUOTED;
  const around = isQuoted ? 1 : 0;
  return { offset: valueStart - around, length: valueEnd - valueStart + 2 * around };
}

function endOf(span: Span): number {
  return span.offset + span.length;
}
