/**
 * Expectations: what a scenario says must hold after a step or at the end of a run.
 *
 * They are plain data, so that a program made without YAML can carry them as well.
 *
 * @module
 */

import type { ErrnoName } from "../kernel/errno.ts";
import type { TraceKind } from "../kernel/trace.ts";
import type { WindowEventName } from "../notifier/range.ts";
import type { Expression } from "./expression.ts";
import type { SourcePosition } from "./program.ts";
import type { RangeRef } from "./spec.ts";

/** A number, the value of a name that is known only while running, or arithmetic on such. */
export type Quantity =
  | number
  | NamedQuantity
  | ComputedQuantity;

/** The value of a name: a figure such as `guest.faults`, or a policy column in a comparison. */
export interface NamedQuantity {
  /** The name. */
  readonly name: string;
}

/** Two quantities under an operator. */
export interface ComputedQuantity {
  /** What to compute. */
  readonly operator: "+" | "-" | "*" | "/" | "%";
  /** Left operand. */
  readonly left: Quantity;
  /** Right operand. */
  readonly right: Quantity;
}

/** A demand on one number. */
export type Matcher =
  | {
    /** How the number must relate to the operand. */
    readonly operator: "==" | "!=" | "<" | "<=" | ">" | ">=";
    /** Right-hand side. */
    readonly operand: Quantity;
  }
  | {
    /** The number must lie between the bounds, both included. */
    readonly operator: "..";
    /** Least value allowed. */
    readonly low: Quantity;
    /** Greatest value allowed. */
    readonly high: Quantity;
  };

/** A range of pages, in a named process or in the one that made the mapping. */
export interface PlacedRange {
  /** The process, where it is named. */
  readonly process?: string;
  /** The pages. */
  readonly range: RangeRef;
}

/** Facts of a page that are true or false, with what they mean. */
export const PAGE_FLAGS = {
  present: "The entry maps a frame",
  writable: "The entry allows writing",
  dirty: "The entry is dirty",
  soft_dirty: "The entry or the vma is soft-dirty",
  young: "The entry was accessed",
  swapped: "The entry holds a swap slot",
  migrating: "The entry holds a migration entry",
  protnone: "The entry is prepared for a NUMA hinting fault",
  anon: "The frame is anonymous memory",
  ksm: "The frame is shared by KSM",
  huge: "The frame is part of a huge page, mapped as a whole or page by page",
  zero: "The frame is the shared zero page",
  locked: "The page lies in a locked vma",
  lazy_free: "The frame may be dropped instead of swapped",
} as const;

/** A fact of a page that is true or false. */
export type PageFlag = keyof typeof PAGE_FLAGS;

/** Facts of a page that are numbers, with what they count. */
export const PAGE_NUMBERS = {
  content: "First byte stored in the page",
  mapcount: "Entries that map the frame",
  refcount: "References to the frame",
  pins: "Long-term pins of the frame",
  node: "NUMA node of the frame",
} as const;

/** A fact of a page that is a number. */
export type PageNumber = keyof typeof PAGE_NUMBERS;

/** One demand on every page of a range. */
export type PageDemand =
  | {
    /** A fact that must be true or false. */
    readonly flag: PageFlag;
    /** The value wanted. */
    readonly value: boolean;
  }
  | {
    /** A number of the page. */
    readonly number: PageNumber;
    /** What it must be. */
    readonly matcher: Matcher;
  }
  | {
    /** How the frames must relate to those of other pages. */
    readonly frames: "same" | "other";
    /** The other pages: one for all, or as many as the range has. */
    readonly as: PlacedRange;
  }
  | {
    /** How many different frames the present pages of the range must have. */
    readonly distinctFrames: Matcher;
  }
  | {
    /** A listener of which a translation is wanted, or none. */
    readonly listener: string;
    /** Access that the device must have: none, read-only or read-write. */
    readonly access: "none" | "ro" | "rw";
  };

/** One demand on the vmas of a range. */
export type VmaDemand =
  | {
    /** How many there are. */
    readonly count: Matcher;
  }
  | {
    /** The rights of each of them. */
    readonly prot: string;
  }
  | {
    /** A flag of each of them. */
    readonly flag: string;
    /** The value wanted. */
    readonly value: boolean;
  };

/** One callback of an expected sequence. */
export interface SequenceItem {
  /** The callback. */
  readonly callback: "S" | "E" | "e" | "ir" | "cp" | "cfy" | "cy" | "ty" | "rel";
  /** The event of a window, if it matters. */
  readonly event?: WindowEventName;
  /** The range, if it matters: pages, bytes from and to, or the whole address space. */
  readonly range?: PlacedRange | { readonly start: number; readonly end: number };
}

/** What is counted by an expectation on events: windows of one event, all windows, or records. */
export type Countable = WindowEventName | "windows" | TraceKind;

/** What must hold. */
export type Demand =
  | {
    /** The return value. */
    readonly kind: "ret";
    /** What it must be. */
    readonly matcher: Matcher;
  }
  | {
    /** A failure with one of some error numbers. */
    readonly kind: "errno";
    /** The names allowed. */
    readonly names: readonly ErrnoName[];
  }
  | {
    /** A named value of the result, a figure of the machine, or its change during the step. */
    readonly kind: "value" | "figure" | "delta";
    /** Name of the value, or dotted path of the figure. */
    readonly name: string;
    /** What it must be. */
    readonly matcher: Matcher;
  }
  | {
    /** A number of trace records. */
    readonly kind: "events";
    /** Which records. */
    readonly what: Countable;
    /** How many. */
    readonly matcher: Matcher;
  }
  | {
    /** An expression that must be true. */
    readonly kind: "that";
    /** The expression, over captures, the result of the step and figures. */
    readonly expression: Expression;
  }
  | {
    /** The notifier callbacks, exactly. */
    readonly kind: "sequence";
    /** In this order. */
    readonly items: readonly SequenceItem[];
  }
  | {
    /** The notifier callbacks, in any order; or some of them, in this order. */
    readonly kind: "unordered" | "subsequence";
    /** The callbacks. */
    readonly items: readonly SequenceItem[];
  }
  | {
    /** The vmas of a range. */
    readonly kind: "vmas";
    /** Which range. */
    readonly where: PlacedRange;
    /** What they must be. */
    readonly demand: VmaDemand;
  }
  | {
    /** The state of pages. */
    readonly kind: "pages";
    /** Which pages. */
    readonly where: PlacedRange;
    /** What they must be. */
    readonly demand: PageDemand;
  }
  | {
    /** A number of violations. */
    readonly kind: "violations";
    /** Only of this invariant. */
    readonly invariant?: string;
    /** How many. */
    readonly matcher: Matcher;
  };

/** Where an expectation applies; a missing part applies everywhere. */
export interface Condition {
  /** Names of kernel profiles. */
  readonly kernels?: readonly string[];
  /** Names of policies. */
  readonly policies?: readonly string[];
}

/** A variable or an expression of a scenario, and what it stands for. */
export interface NamedValue {
  /** It as the scenario writes it. */
  readonly name: string;
  /** Its value for readers, or the expression where that is known only while running. */
  readonly value: string | Expression;
}

/** Lines of a file. */
export interface LineRange {
  /** First line, from 1. */
  readonly first: number;
  /** Last line. */
  readonly last: number;
}

/** What a scenario says of where an expectation is written, and with which names. */
export interface Written {
  /** Lines of the entry that it is part of; that of its position unless given. */
  readonly lines?: LineRange;
  /** The variables and expressions in it. */
  readonly uses?: readonly NamedValue[];
}

/** One thing that must hold after a step, or at the end. */
export interface Expectation extends Written {
  /** The demand. */
  readonly demand: Demand;
  /** The expectation as the scenario writes it, on one line. */
  readonly text: string;
  /** Where it applies. */
  readonly when: Condition;
  /** Where it is written, or null in a program made without a file. */
  readonly position: SourcePosition | null;
}

/** One figure that must hold in one policy column when runs are compared. */
export interface CompareExpectation extends Written {
  /** Dotted path of the figure. */
  readonly figure: string;
  /** The policy column. */
  readonly column: string;
  /** What the figure must be; names in it are columns. */
  readonly matcher: Matcher;
  /** The expectation as the scenario writes it, on one line. */
  readonly text: string;
  /** Where it applies. */
  readonly when: Condition;
  /** Where it is written, or null in a program made without a file. */
  readonly position: SourcePosition | null;
}
