import { assert, assertEquals } from "@std/assert";
import { complete } from "../../lib/repl/complete.ts";
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
