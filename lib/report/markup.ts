/**
 * Text inside XML and HTML.
 *
 * @module
 */

import { escapeControl } from "../kernel/escape.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Makes text safe inside XML and HTML, in elements and in quoted attributes.
 *
 * Line ends stay; other control characters, and what is no character at all, are made visible.
 *
 * @param text Any text, such as the name of a scenario.
 * @returns Text without markup.
 * @example
 * ```ts
 * import { escapeMarkup } from "./markup.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escapeMarkup(`<a b="\x00">`), "&lt;a b=&quot;\\x00&quot;&gt;");
 * ```
 */
export function escapeMarkup(text: string): string {
  const lines = text.toWellFormed().split("\n").map(escapeControl).join("\n");
  return lines.replace(/[\ufffe\uffff]/g, "\ufffd").replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
}
