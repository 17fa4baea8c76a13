/**
 * Reading the files that scenarios include.
 *
 * A path is relative to the file in which it is written. It may lead to no file outside of the
 * folder from which the program was called, or, for a scenario from elsewhere, outside of the
 * folder of the scenario; neither by `..` nor by way of links.
 *
 * @module
 */

import type { ReadInclude } from "../scenario/includes.ts";
import { readOne } from "./files.ts";

/**
 * Makes a reader for the files that a scenario includes.
 *
 * @param scenario Name of the scenario file.
 * @returns The reader.
 */
export function includeReader(scenario: string): ReadInclude {
  const isElsewhere = scenario.startsWith("/") || scenario.startsWith("../");
  const root = isElsewhere ? folderOf(scenario) : ".";
  return (path, from) => {
    const hint = "Write a path relative to this file, such as parts/warm-up.part.yaml";
    if (path.trim() === "" || path.includes("\0")) return { problem: "expected a path", hint };
    if (/^(?:[/\\]|[a-z]+:)/i.test(path)) return { problem: "its path is not relative", hint };
    const file = normalize(`${folderOf(from)}/${path}`);
    const problem = escapeProblem(file, root);
    if (problem !== undefined) return { problem };
    const found = readOne(file);
    if ("text" in found) return found;
    const { message, hint: advice } = found.problem;
    const reason = message.replace(/^Cannot read: /, "");
    return advice === undefined ? { problem: reason } : { problem: reason, hint: advice };
  };
}

function folderOf(file: string): string {
  const at = file.lastIndexOf("/");
  return at < 0 ? "." : at === 0 ? "/" : file.slice(0, at);
}

/** Resolves `.` and `..` without a look at the disk. */
function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || !path.startsWith("/")) parts.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + parts.join("/");
}

/** Says why a file lies outside of a folder. */
function escapeProblem(file: string, root: string): string | undefined {
  const isInside = root === "."
    ? !file.startsWith("/") && file !== ".." && !file.startsWith("../")
    : file.startsWith(`${normalize(root).replace(/\/$/, "")}/`);
  if (!isInside) {
    const where = root === "." ? "the current folder" : `the folder ${root}`;
    return `it lies outside of ${where}`;
  }
  return linkProblem(file, root);
}

/** Follows links where that is allowed; where it is not, none may be on the way. */
function linkProblem(file: string, root: string): string | undefined {
  try {
    const [real, base] = [Deno.realPathSync(file), Deno.realPathSync(root)];
    const isInside = real.startsWith(`${base.replace(/\/$/, "")}/`);
    return isInside ? undefined : "it is a link to a file outside of the folder";
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return unknownLinkProblem(file, root);
    return undefined; // reading it says what is wrong
  }
}

function unknownLinkProblem(file: string, root: string): string | undefined {
  const base = normalize(root).split("/").filter((part) => part !== "").length;
  const parts = file.split("/");
  const first = file.startsWith("/") ? base + 1 : base;
  for (let end = first + 1; end <= parts.length; end++) {
    try {
      const { isSymlink } = Deno.lstatSync(parts.slice(0, end).join("/"));
      if (isSymlink) return "it is a link, and Deno was not allowed to see where to";
    } catch {
      return undefined; // reading it says what is wrong
    }
  }
  return undefined;
}
