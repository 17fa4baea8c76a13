import { assertEquals } from "@std/assert";
import { CTRL_R, HistorySearch } from "../../lib/repl/history_search.ts";

const HISTORY = ["print guest.faults", "step 2", "vm -p", "step"];

/** Keys with what stands on the terminal then, and what the next key types. */
const SEARCHES: readonly (readonly [keys: string, prompt: string, next: string, typed: string])[] =
  [
    ["", "(reverse-i-search)`': ", "\r", "\r"],
    ["st", "(reverse-i-search)`st': print guest.faults", "\r", "print guest.faults\r"],
    ["ste", "(reverse-i-search)`ste': step 2", "\x1b[C", "step 2"],
    [`ste${CTRL_R}`, "(reverse-i-search)`ste': step", "\x05", "step"],
    [`ste${CTRL_R}${CTRL_R}`, "(failed reverse-i-search)`ste': step", "\r", "step\r"],
    ["vx", "(failed reverse-i-search)`vx': vm -p", "\x07", ""],
    ["vx\x7f", "(reverse-i-search)`v': vm -p", "\x03", ""],
  ];

for (const [keys, prompt, next, typed] of SEARCHES) {
  Deno.test(`Ctrl-R and ${JSON.stringify(keys)} show ${prompt}`, () => {
    const search = new HistorySearch(HISTORY);
    for (const key of CTRL_R + keys) assertEquals(search.press(key), undefined);
    assertEquals(search.prompt, prompt);
    assertEquals(search.press(next), typed);
  });
}
