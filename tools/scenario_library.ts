/**
 * The generated sections of docs/scenarios.md: the library by theme, and which self-tests of the
 * kernel it has checks of.
 *
 * @module
 */

import { parse } from "@std/yaml";
import { type Sections, table } from "./markdown.ts";

/** A scenario of the library. */
export interface LibraryFile {
  /** Path below scenarios/. */
  readonly path: string;
  /** What the file says. */
  readonly text: string;
}

/** What the page says of a scenario. */
interface Entry {
  readonly path: string;
  readonly theme: string;
  readonly name: string;
  readonly about: string;
  readonly kernels: readonly string[];
  readonly selftest: string | null;
}

/** Titles of the folders; another folder has its name as title. */
const THEMES: Readonly<Record<string, string>> = {
  "": "To begin with",
  ksm: "KSM",
  compaction: "Compaction",
  "soft-dirty": "Soft-dirty tracking",
  "fork-cow": "fork and copy on write",
  thp: "Transparent huge pages",
  hugetlb: "hugetlb",
  reclaim: "Reclaim and swap",
  mremap: "mremap",
  kvm: "KVM",
  rdma: "RDMA",
  gpu: "GPUs",
  hmm: "HMM",
  xen: "Xen",
  drivers: "Drivers, event by event",
  selftests: "The kernel's own self-tests",
  language: "The scenario language",
};

/**
 * Reads every scenario of a folder and those below.
 *
 * @param root The folder, with a slash at the end.
 * @returns The files in the order of their paths.
 */
export function readLibrary(root: URL): LibraryFile[] {
  const found: LibraryFile[] = [];
  const visit = (folder: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, root))) {
      const path = `${folder}${name}`;
      if (isDirectory) visit(`${path}/`);
      else if (name.endsWith(".yaml") && !name.endsWith(".part.yaml")) {
        found.push({ path, text: Deno.readTextFileSync(new URL(path, root)) });
      }
    }
  };
  visit("./");
  return found.map(({ path, text }) => ({ path: path.slice(2), text }))
    .sort((one, other) => one.path < other.path ? -1 : 1);
}

/**
 * Writes the sections.
 *
 * @param files The library.
 * @returns The sections by name.
 */
export function librarySections(files: readonly LibraryFile[]): Sections {
  const all = files.flatMap((file) => entryOf(file) ?? []);
  const entries = all.filter(({ theme }) => theme !== "bugs"); // they have a page of their own
  const known = Object.keys(THEMES);
  const themes = [...new Set([...known, ...entries.map(({ theme }) => theme)])];
  const parts = themes.flatMap((theme) => {
    const members = entries.filter((entry) => entry.theme === theme);
    return members.length === 0 ? [] : [themeSection(THEMES[theme] ?? theme, members)];
  });
  const count = `${entries.length} scenarios in ${parts.length} themes.`;
  return { library: `${count}\n\n${parts.join("\n")}`, selftests: selftestTable(entries) };
}

/** A file without a name is a part of others. */
function entryOf({ path, text }: LibraryFile): Entry | null {
  const scenario = parse(text) as Record<string, unknown> | null;
  if (typeof scenario?.name !== "string") return null;
  const { name, about, kernels, kernel } = scenario;
  return {
    path,
    theme: path.includes("/") ? path.slice(0, path.indexOf("/")) : "",
    name,
    about: typeof about === "string" ? about.trim() : "",
    kernels: Array.isArray(kernels) ? kernels : [typeof kernel === "string" ? kernel : "v5.2"],
    selftest: /^#\s+Upstream: tools\/testing\/selftests\/mm\/(\w[\w.-]*)/m.exec(text)?.[1] ?? null,
  };
}

function themeSection(title: string, entries: readonly Entry[]): string {
  const rows = entries.map((entry) => [
    linkTo(entry),
    firstSentence(entry.about),
    entry.kernels.join(", "),
  ]);
  return `### ${title}\n\n${table(["scenario", "what it shows", "kernels"], rows)}`;
}

function selftestTable(entries: readonly Entry[]): string {
  const upstream = [...new Set(entries.flatMap(({ selftest }) => selftest ?? []))].sort();
  const rows = upstream.map((file) => {
    const ports = entries.filter(({ selftest }) => selftest === file);
    return [`\`${file}\``, ports.map(linkTo).join(", ")];
  });
  return table(["self-test", "scenarios"], rows);
}

function linkTo({ name, path }: Entry): string {
  return `[${name}](../scenarios/${path})`;
}

function firstSentence(prose: string): string {
  return /^.*?[.!?](?=\s|$)/s.exec(prose)?.[0].replaceAll(/\s+/g, " ") ?? prose;
}
