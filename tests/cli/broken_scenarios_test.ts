import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFiles } from "../../lib/cli/files.ts";
import { type BrokenFile, brokenFiles } from "../fuzz/broken_files.ts";
import { run } from "./fake_streams.ts";
import { onPipes } from "./processes.ts";
import { withFolder } from "./temporary.ts";

/** How many good files are broken by chance, beside those of the table. */
const BROKEN = 200;
/** Longest time that a file may take, in ms: some that are not wrong do much work. */
const PATIENCE = 60_000;

const bytes = (text: string) => new TextEncoder().encode(text);
const steps = (text: string) => `name: t\nprocesses: { p: }\nsteps:\n${text}`;

/** What no mutation of a good file would come to. */
const TABLE: Readonly<Record<string, string | Uint8Array>> = {
  "a file of zeros": new Uint8Array(4096),
  "UTF-16": new Uint8Array([0xff, 0xfe, 0x6e, 0, 0x61, 0]),
  "a picture": new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0]),
  "a byte order mark alone": "\ufeff",
  "JSON that ends early": '{"name": "t", "steps": [',
  "a million brackets": "[".repeat(1_000_000),
  "a million spaces of indentation": `name: t\n${" ".repeat(1_000_000)}x: 1\n`,
  "a million quotes": '"'.repeat(1_000_000),
  "a hundred thousand anchors": Array.from({ length: 100_000 }, (_, at) => `- &a${at} x\n`).join(
    "",
  ),
  "a million colons": ":".repeat(1_000_000),
  "a million dashes": "- ".repeat(500_000),
  "an alias inside of itself": steps("  - &a { repeat: 2, do: [*a] }\n"),
  "aliases nested a thousand deep": steps(
    "  - &a0 { compact: }\n" +
      Array.from({ length: 1000 }, (_, at) => `  - &a${at + 1} { repeat: 1, do: [*a${at}] }\n`)
        .join(""),
  ),
  "loops in loops in loops": steps(
    `  - ${"{ repeat: 1000, do: [".repeat(8)}{ compact: }${"] }".repeat(8)}\n`,
  ),
  "all the memory that may be simulated": "name: t\nmachine: { memory: 256 GiB }\n" +
    "processes: { p: }\nsteps: [{ mmap: { process: p, name: a, size: 256 GiB } }]\n",
  "a mapping as large as an address space": steps(
    '  - mmap: { process: p, name: a, size: "${2 ** 47}" }\n',
  ),
  "a thousand listeners": "name: t\nprocesses: { p: }\nlisteners:\n" +
    Array.from({ length: 1000 }, (_, at) => `  l${at}: { kind: kvm, process: p }\n`).join("") +
    "steps: [{ compact: }]\n",
  "names of the prototype": "name: __proto__\nconstructor: 1\n__proto__: { name: x }\n" +
    "toString: 2\nsteps: [{ __proto__: {} }, { constructor: }, { hasOwnProperty: }]\n",
  "keys that are no words": "name: t\n? [a, b]\n: 1\nsteps: [{ compact: }]\n",
  "a terminal's escapes": 'name: "\\e[2J\\e]0;x\\a"\nsteps: [{ "\\e[31m": }]\n',
  "an expression without end": steps('  - compact: { a: "${((((((((" }\n'),
  "an expression of parentheses": steps(`  - ksmd: { full_scans: "\${${"(".repeat(900)}" }\n`),
};

/** Every error of a file has line and column, unless there is not even a character to point at. */
const POSITIONED = /^\S+\.yaml:\d+:\d+: \S|: Cannot find a scenario: file is empty$/;
const UNREADABLE = /^\S+\.yaml:\d+: Cannot read: expected text in UTF-8$/;
const STACK = /\n\s+at .+:\d+:\d+|Uncaught|panicked/;

/** Checks a file, and runs it if nothing is wrong with it. */
async function hold(file: string): Promise<number> {
  const begin = performance.now();
  let code = 2;
  for (const command of ["check", "run"]) {
    const { stdout, stderr, ...ended } = await run(command, file);
    code = ended.code;
    assert([0, 1, 2, 3].includes(code));
    assert(!STACK.test(stdout + stderr), stderr);
    if (code !== 2) continue;
    const [first] = stderr.split("\n");
    assert(POSITIONED.test(first) || UNREADABLE.test(first), first);
    break;
  }
  const took = performance.now() - begin;
  assert(took < PATIENCE, `it took ${took} ms`);
  return code;
}

for (const [about, content] of Object.entries(TABLE)) {
  Deno.test(`${about}: refused with a place, or run`, () =>
    withFolder({}, async (folder) => {
      const file = `${folder}/broken.yaml`;
      await Deno.writeFile(file, typeof content === "string" ? bytes(content) : content);
      await hold(file);
    }));
}

const good = Object.fromEntries(
  readFiles(["scenarios"]).flatMap((found) => "text" in found ? [[found.file, found.text]] : []),
);
const broken = brokenFiles(good, BROKEN);

Deno.test(`${BROKEN} scenarios with mistakes are refused with a place, or run`, () =>
  withFolder({}, async (folder) => {
    const codes = new Map<number, number>();
    for (const { about, bytes } of broken) {
      const file = `${folder}/broken.yaml`;
      await Deno.writeFile(file, bytes);
      try {
        const code = await hold(file);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      } catch (error) {
        throw new Error(`${about}:\n${new TextDecoder().decode(bytes)}`, { cause: error });
      }
    }
    assert(codes.get(2)! > BROKEN / 2, "most of them are wrong");
    assert((codes.get(0) ?? 0) > 0 && (codes.get(1) ?? 0) > 0, "and some can be run");
  }));

Deno.test("broken files end a process as they end a command", () =>
  withFolder({}, async (folder) => {
    const wrong: BrokenFile[] = broken.slice(0, 12);
    for (const [index, { bytes }] of wrong.entries()) {
      await Deno.writeFile(`${folder}/${index}.yaml`, bytes);
    }
    const { code, stdout, stderr } = await onPipes(["run", folder]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /\d+ errors? in \d+ files?\n$/);
    assert(!STACK.test(stderr), stderr);
  }));
