import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { runProgram } from "../../lib/machine/run.ts";
import { Interpreter } from "../../lib/repl/interpreter.ts";
import { CommandError } from "../../lib/repl/words.ts";
import { parseScenario } from "../../lib/scenario/scenario.ts";
import { MERGED, promptAfter } from "./prompt.ts";

/** Lines with what they print, after the merge of four pages. */
const OUTPUTS: readonly (readonly [line: string, output: string])[] = [
  ["print guest.faults", "4\n"],
  ["print guest.faults > 3 && tick == 6", "true\n"],
  ["print ret; print values.merged", "0\n3\n"],
  ["vm -p | grep ksm | wc -l", "4\n"],
  ["vm -p | grep -c ksm", "4\n"],
  ["counters | grep -v 0 | head -n 1 | grep -c windows", "0\n"],
  ["vm -p | grep -vic ksm", "6\n"],
  ["print 1; print 1 | grep true", "1\n"],
  ["page-types | grep -Ec ksm", "1\n"],
  ["vmstat | tail -1 | grep -c thp", "1\n"],
  ["ksm | sort -r | head -1", "use_zero_pages:0\n"],
  ["# nothing; print tick", "6\n"],
  ["", ""],
  [
    "back; print tick",
    "ok  #5  line 44  The first round only takes checksums: ksmd full_scans=1\n" +
    "=>  #6  line 49  The second round merges: ksmd full_scans=1\n5\n",
  ],
  ["print ram[1]", "qemu:0x7f0000001000-0x7f0000002000\n"],
  ["print guest.faults > 3 | grep -c true", "1\n"],
  ["print guest.faults > 3 || tick == 1", "true\n"],
  ["break CLEAR | wc -l; info | grep -c CLEAR", "1\n1\n"],
  ["until tick > 6 | tail -1", "tick > 6\n"],
  ["{ munmap: { range: 'ram[0..1]' } } | grep -c munmap", "1\n"],
  [
    "mprotect ram r | head -0; write ram",
    "#8 write range=ram = -EFAULT (pages 0), 0 ns\n",
  ],
  [
    "{ write: { range: ram }, expect: { ret: 5 } } | tail -1",
    "  failed: ret: expected 5, got 0\n",
  ],
  ["compare v5.2 | tail -1 | grep -c time", "1\n"],
  ["munmap ram[0] | head -1", "#7 munmap range=ram[0] = 0, 2.506 us\n"],
];

for (const [line, output] of OUTPUTS) {
  Deno.test(`"${line}" prints what it should`, async () => {
    const { prompt } = await promptAfter(MERGED);
    assertEquals(await prompt.execute(line), output);
  });
}

/** Lines that fail, with what they say. */
const ERRORS: readonly (readonly [line: string, message: string])[] = [
  ["vtpo ram", 'Unknown command "vtpo". Did you mean "vtop"?'],
  ["vtop", "Missing argument ADDRESS: expected vtop ADDRESS"],
  ["vtop ram ram", 'Cannot use "ram": expected vtop ADDRESS'],
  ["vtop rma", 'Unknown mapping "rma". Did you mean "ram"?'],
  ["vtop ram[9]", 'Cannot find ram[9]: mapping "ram" has 4 pages'],
  ["vtop nobody:ram", 'Unknown process "nobody"'],
  ["vm -x", 'Unknown option "-x" of vm'],
  ["listener geust", 'Unknown listener "geust". Did you mean "guest"?'],
  ["vm | gerp x", 'Unknown filter "gerp". Did you mean "grep"?'],
  ["vm | grep", "Expected one pattern"],
  ["vm | grep a b", "Expected one pattern"],
  ["vm | sort -k2", 'Unknown option "-k" of sort [-rn]'],
  ["vm >", 'Cannot redirect: expected one file name after ">"'],
  ["print geust.faults", "Unknown figure"],
  ["until guest.faults", "as a condition: its value is 4"],
  ["break 500", "Cannot stop at line 500"],
  ["goto 99", "Cannot go to tick 99: the session has ticks 0 to 8"],
  ["back 7", "Cannot go to tick -1"],
  ["diff 7", "Cannot look at tick 7"],
  ["mmap qemu", "Missing argument name: expected mmap PROCESS NAME SIZE"],
  ["mmap qemu a 5", "Expected a multiple of 4096, got 5"],
  ["mmap qemu a 1p szie=3p", 'Unknown argument "szie" of mmap. Did you mean "size"?'],
  ["mmap qemu a 1p rwy", 'Unknown word "rwy"'],
  ["{ mmap: { process: nobody, name: a, size: 4096 } }", 'Unknown process "nobody"'],
  ["{ mmap: ", "Invalid YAML"],
  ["vm {", "a quote or bracket is not closed"],
  ["load nothing.yaml", "Cannot read nothing.yaml"],
  ["load deno.json", "Cannot load deno.json:"],
  ["set policy best", "Cannot find policy"],
  ["set kernel v9", 'Unknown kernel "v9"'],
  ["process 1x", "Expected a name for a process"],
  ["process qemu", "occurs twice"],
  ["process guest", "is taken"],
  ["listen nic nothing qemu", 'Unknown kind of listener "nothing"'],
  ["pte xyz", 'Cannot read "xyz"'],
  ["rmap fffffff", 'Cannot find frame "fffffff"'],
  ["step -1", 'Unknown option "-1" of step'],
  ["goto x", 'Cannot read "x": expected the number of a tick'],
  ["list 99", "Cannot list steps 99 to 108: the session has 8 steps"],
  ["list 5 4", "Cannot list steps 5 to 4"],
  ["vtop ffff888000000000", "user space ends below it"],
  ["set policy", "Missing argument VALUE"],
  ["delete 3", "Cannot delete breakpoint 3"],
];

for (const [line, message] of ERRORS) {
  Deno.test(`"${line}" fails and leaves the session as it was`, async () => {
    const { prompt } = await promptAfter(MERGED);
    const { session } = prompt;
    const { machine, tick } = session;
    const figures = await prompt.execute("counters; vmstat; smaps; trace -n 99");
    const error = await assertRejects(() => prompt.execute(line), CommandError);
    assertStringIncludes(error.message, message);
    assert(session.machine === machine, "the same machine");
    assertEquals(session.tick, tick);
    assertEquals(await prompt.execute("counters; vmstat; smaps; trace -n 99"), figures);
  });
}

Deno.test("output goes into files, and more of it to their ends", async () => {
  const { prompt, files } = await promptAfter(MERGED);
  assertEquals(await prompt.execute("ksm | grep pages_sh > a.txt; swap | head -1 >> a.txt"), "");
  assertEquals(
    files.get("a.txt"),
    "pages_shared:1\npages_sharing:3\nFilename\t\t\t\tType\t\tSize\tUsed\tPriority\n",
  );
});

/** Lines whose output goes into a file although `>` may compare, with what the file then has. */
const REDIRECTED: readonly (readonly [line: string, text: string])[] = [
  ['print guest.faults > "a.txt"', "4\n"],
  ["print guest.faults > 3 >> a.txt", "true\n"],
  ["print guest.faults > 3 > ./a.txt", "true\n"],
  ["print guest.faults > 3 | grep true > a.txt", "true\n"],
  ["break guest.retries > 0 > /a.txt", "breakpoint 1: condition guest.retries > 0\n"],
  ["{ wait: { time: 1 } } > a.txt", "#7 wait time=1 = 0, 1 ns\n"],
];

for (const [line, text] of REDIRECTED) {
  Deno.test(`"${line}" writes a file`, async () => {
    const { prompt, files } = await promptAfter(MERGED);
    assertEquals(await prompt.execute(line), "");
    assertEquals([...files.values()], [text]);
  });
}

Deno.test("a saved session is a scenario that passes and comes to the same figures", async () => {
  const { prompt, files } = await promptAfter([
    "process qemu; process other",
    "listen nic odp qemu policy=ideal; listen guest kvm qemu",
    "mmap qemu ram 8p; fill ram unique; reg_mr nic ram ro; rdma_read nic ram",
    "memslot guest ram; guest_write guest ram[0..4]; fork qemu child; mprotect ram r",
    "wait 20ms; munmap ram[6..8]",
    "save mine.yaml",
  ]);
  const program = parseScenario(files.get("mine.yaml")!);
  const result = runProgram(program);
  assertEquals(result.failures, []);
  const { machine } = prompt.session;
  assertEquals(result.machine.host.clock.now, machine.host.clock.now);
  assertEquals(result.machine.host.trace.length, machine.host.trace.length);
  assert(program.expect.length > 5);
});

Deno.test("breakpoints stop where they should", async () => {
  const { prompt } = await promptAfter(["load scenarios/ksm-merge-kvm.yaml pages=4"]);
  await prompt.execute("step; break 44; break CLEAR; break guest.read_faults > 0; watch ram[3]");
  const stops: string[] = [];
  for (let at = 0; at < 6; at++) {
    const text = await prompt.execute("continue");
    stops.push(`${prompt.session.tick} ${text.trimEnd().split("\n").at(-1)}`);
  }
  assertEquals(stops, [
    "3 watch 4: ram[3]",
    "4 breakpoint 1: line 44",
    "6 breakpoint 2: CLEAR",
    "7 breakpoint 3: guest.read_faults > 0",
    "8 breakpoint 2: CLEAR",
    "8 end of the program",
  ]);
});

Deno.test("next takes the loop of a line as a whole", async () => {
  const { prompt, files } = await promptAfter();
  files.set(
    "a.yaml",
    "name: a\nsteps:\n  - wait: { time: 1 }\n    repeat: 5\n  - wait: { time: 2 }\n",
  );
  await prompt.execute("load a.yaml; next");
  assertEquals(prompt.session.tick, 5);
});

Deno.test("text from files cannot act on the terminal", async () => {
  const { prompt, files } = await promptAfter();
  files.set("a.yaml", 'name: "\\e[31mred"\nsteps:\n  - name: "\\e[2J"\n    wait: { time: 1 }\n');
  const output = await prompt.execute("load a.yaml; step; list 1");
  assert(!output.includes("\x1b"), JSON.stringify(output));
});

Deno.test("a page has the name that its own process gave it", async () => {
  const { prompt } = await promptAfter([
    "process a; process b; mmap a other 2p; mmap b two 2p; listen guest kvm b; memslot guest two",
    "guest_write guest two",
  ]);
  const views = ["why two[1]", "diff 0", "listener guest", "events -n 1"];
  for (const view of views) {
    assertEquals(await prompt.execute(`${view} | grep -v mmap | grep -c other`), "0\n", view);
    assert(Number(await prompt.execute(`${view} | grep -c two`)) > 0, view);
  }
});

Deno.test("an argument is asked for where somebody answers, and the rest of the line goes on", async () => {
  const asked: string[] = [];
  const prompt = new Interpreter({
    choose: ({ means }) => {
      asked.push(means);
      return Promise.resolve(means === "policy" ? "ideal" : undefined);
    },
  });
  const line = "process p; set policy; set | grep policy; listen guest; ps";
  const error = await assertRejects(() => prompt.execute(line), CommandError);
  assertEquals(error.message.split(":")[0], "Missing argument KIND");
  assertEquals(asked, ["policy", "listener kind"]);
  assertEquals(prompt.session.settings.policy, "ideal");
  assertEquals([...prompt.session.machine.processes.keys()], ["p"]);
});
