import { assert, assertEquals } from "@std/assert";
import { complete } from "../../lib/repl/complete.ts";
import { Interpreter } from "../../lib/repl/interpreter.ts";
import { COMMANDS } from "../../lib/repl/commands/mod.ts";
import { MERGED, promptAfter } from "./prompt.ts";

const FILES: readonly string[] = ["notes.txt", "scenarios/"];

/** Lines with all that may come next. */
const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ["pagem", ["pagemap"]],
  ["step; vto", ["vtop"]],
  ["vtop ", ["ram"]],
  ["vtop ram[", ["ram[0..4]", "ram[0]", "ram[3]"]],
  ["vtop 7f", ["7f0000000000"]],
  ["vtop 0x7f", ["0x7f0000000000"]],
  ["vm -", ["--help", "--ts", "-m", "-p"]],
  ["listener ", ["guest"]],
  ["chain q", ["qemu"]],
  ["vm -p | gr", ["grep"]],
  ["print 1 | w", ["wc"]],
  ["vm > no", ["notes.txt"]],
  ["load s", ["scenarios/"]],
  ["set pol", ["policy"]],
  ["set policy ", ["followup", "ideal", "legacy"]],
  ["set check ", ["off", "on"]],
  ["compare v5", ["v5-series", "v5.0", "v5.2"]],
  ["listen nic od", ["odp", "odp_implicit"]],
  ["until guest.refa", ["guest.refaults"]],
  ["break CL", ["CLEAR"]],
  ["madvise ram MERG", ["MERGEABLE"]],
  ["madvise ram advice=MERG", ["MERGEABLE"]],
  ["guest_write guest ram fi", ["fill="]],
  ["help sma", ["smaps"]],
  ["nonsense ", []],
];

for (const [line, words] of LINES) {
  Deno.test(`"${line}" goes on with ${words.join(", ") || "nothing"}`, async () => {
    const { prompt } = await promptAfter(MERGED);
    const files = (beginning: string) => FILES.filter((name) => name.startsWith(beginning));
    assertEquals(complete(prompt.session, line, files).words, words);
  });
}

Deno.test("every command can be completed", async () => {
  const { prompt } = await promptAfter();
  const { words } = complete(prompt.session, "");
  for (const { name } of COMMANDS) assert(words.includes(name), name);
});

const MATRIX =
  "name: t\nmatrix: { pages: [2, 3], word: ['a b', c] }\nsteps: [{ wait: { time: 1 } }]\n";

for (
  const [line, words] of [
    ["load t.yaml --c", ["--cell"]],
    ["load t.yaml --cell ", ["1", "2", "3", "4", "pages=2", "pages=3", "word=c"]],
    ["load t.yaml --cell p", ["pages=2", "pages=3"]],
  ] as const
) {
  Deno.test(`"${line}" of a matrix goes on with ${words.join(", ")}`, async () => {
    const prompt = new Interpreter({ readFile: () => MATRIX });
    await prompt.execute("load t.yaml --cell 3");
    assertEquals(prompt.session.program.cell, { pages: 3, word: "a b" });
    assertEquals(complete(prompt.session, line).words, words);
  });
}
