import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { canOpenTerminal, TestTerminal } from "./terminal.ts";

const KSM = "scenarios/ksm-merge-kvm.yaml";
const HAS_TMUX = await canOpenTerminal();

/** A test on a terminal; without tmux it is counted as ignored, under a name that says why. */
function terminalTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: HAS_TMUX ? name : `${name} (needs tmux)`, ignore: !HAS_TMUX, fn });
}

terminalTest("Tab completes commands, names and pages", async () => {
  await using terminal = await TestTerminal.open({ args: [KSM] });
  await tab(terminal, "unt", "until");
  await tab(terminal, "gue", "until guest.");
  await tab(terminal, "fau", "until guest.faults");
  await terminal.type("> 3");
  await terminal.waitFor("guest.faults > 3", 2);
  await tab(terminal, "vto", "vtop");
  await tab(terminal, "ra", "vtop ram");
  await terminal.type("[3]");
  await terminal.waitFor("7f0000003000");
  await tab(terminal, "listener ", "listener guest");
  await terminal.press("Enter");
  await terminal.waitFor("policy legacy");
});

/** Types a beginning, then Tab by itself, as a person does. */
async function tab(terminal: TestTerminal, typed: string, completed: string): Promise<void> {
  await terminal.press(typed);
  await terminal.waitFor(typed);
  await terminal.press("Tab");
  await terminal.waitFor(`mmulab> ${completed}`);
}

terminalTest("Up and Ctrl-R bring lines back", async () => {
  await using terminal = await TestTerminal.open();
  await terminal.type("print 1 + 1");
  await terminal.waitFor("2");
  await terminal.type("process one");
  await terminal.press("Up", "Up", "Enter");
  await terminal.waitFor("mmulab> print 1 + 1", 2);
  await terminal.press("C-r");
  await terminal.press("proc");
  await terminal.waitFor("(reverse-i-search)`proc': process one");
  await terminal.press("C-e");
  await terminal.waitFor("mmulab> process one", 2);
});

terminalTest(
  "Ctrl-C gives a line up, and ends long work, in the middle of a tick, too",
  async () => {
    await using terminal = await TestTerminal.open({
      args: ["tests/repl/fixtures/long_tick.yaml"],
    });
    await terminal.press("process nob");
    await terminal.waitFor("process nob");
    await terminal.press("C-c");
    await terminal.type("ps");
    const screen = await terminal.waitFor("COMM");
    assertStringIncludes(screen, "process nob^C");
    await terminal.type("set check off; continue");
    await terminal.waitFor("end of the program");
    await interrupt(terminal, "{ read: { range: a }, repeat: 9999 }");
    await terminal.waitFor("Interrupted at tick 3");
    await interrupt(terminal, "device_write d big");
    await terminal.waitFor("Interrupted at tick 3", 2);
    await terminal.type("print p.rss");
    await terminal.waitFor("\n4096");
  },
);

/** Begins long work, and ends it before it is done. */
async function interrupt(terminal: TestTerminal, line: string): Promise<void> {
  await terminal.type(line);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await terminal.press("C-c");
}

terminalTest("several lines can be pasted, and a bracket goes on in the next line", async () => {
  await using terminal = await TestTerminal.open();
  await terminal.paste(
    "process qemu\n{ mmap: { process: qemu,\n  name: ram, size: 3 pages } }\nfill ram\nprint qemu.rss\n",
  );
  const screen = await terminal.waitFor("fill range=ram");
  assertStringIncludes(screen, "mmap process=qemu name=ram");
  await terminal.waitFor("\n3\n");
  await terminal.press("Up", "Up", "Up");
  await terminal.waitFor("mmulab> { mmap: { process: qemu, name: ram, size: 3 pages } }");
});

terminalTest("long output comes in pages of the terminal's size", async () => {
  await using terminal = await TestTerminal.open({ rows: 30 });
  await terminal.type("help");
  await terminal.waitFor("more: space, q");
  await terminal.press("q");
  await terminal.resize(80, 12);
  await terminal.type("help");
  await terminal.waitFor("more: space, q");
  await terminal.press("Space");
  await terminal.waitFor("more: space, q");
  await terminal.press("q");
  await terminal.type("print 40 + 2");
  await terminal.waitFor("42");
});

terminalTest("a missing argument is asked for", async () => {
  await using terminal = await TestTerminal.open({ args: [KSM] });
  await terminal.type("listener");
  await terminal.waitFor("Which listener?");
  await terminal.press("1", "Enter");
  await terminal.waitFor("guest: kvm of qemu");
  await terminal.type("load");
  await terminal.waitFor("Which scenario?");
  await terminal.type(KSM);
  await terminal.waitFor("KSM merge on a KVM guest", 2);
  await terminal.type("set policy");
  await terminal.waitFor("Which policy?");
  await terminal.type("ideal");
  await terminal.waitFor("mmulab>", 4); // what is typed before is lost with the question
  await terminal.type("set | grep policy");
  await terminal.waitFor("policy   ideal");
});

terminalTest("a question can be given up, and the session stays", async () => {
  await using terminal = await TestTerminal.open({ args: [KSM] });
  await terminal.type("set kernel; ps");
  await terminal.waitFor("Which kernel?");
  await terminal.press("C-c");
  await terminal.waitFor("Missing argument VALUE");
  await terminal.type("print tick + 42");
  await terminal.waitFor("\n42");
});

terminalTest("there are colours on a terminal, and none under NO_COLOR", async () => {
  await using coloured = await TestTerminal.open();
  await coloured.type("nonsense");
  await coloured.waitFor("Unknown command");
  assertStringIncludes(await coloured.screen(true), "\x1b[31mUnknown");
  await using plain = await TestTerminal.open({ env: { NO_COLOR: "1" } });
  await plain.type("nonsense");
  await plain.waitFor("Unknown command");
  const screen = await plain.screen(true);
  assert(!screen.includes("\x1b["), JSON.stringify(screen));
});

terminalTest("the history is kept where that is allowed, and only there", async () => {
  const data = new URL("../../tmp/history-test", import.meta.url).pathname;
  await Deno.mkdir(data, { recursive: true });
  const file = `${data}/mmulab/history`;
  const env = { XDG_DATA_HOME: data };
  try {
    {
      await using terminal = await TestTerminal.open({ env });
      await terminal.type("print 5 * 5");
      await terminal.type("quit");
      await terminal.waitFor("exit code 0");
    }
    assertEquals(await Deno.stat(file).catch(() => null), null);
    const flags = ["-R", `-W=${data}`, "--allow-env"];
    {
      await using terminal = await TestTerminal.open({ env, flags });
      await terminal.type("print 6 * 6");
      await terminal.type("quit");
      await terminal.waitFor("exit code 0");
    }
    assertEquals(await Deno.readTextFile(file), "print 6 * 6\nquit\n");
    await using terminal = await TestTerminal.open({ env, flags });
    await terminal.press("Up", "Up", "Enter");
    await terminal.waitFor("36");
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

terminalTest("Ctrl-D ends the session", async () => {
  await using terminal = await TestTerminal.open();
  await terminal.press("C-d");
  await terminal.waitFor("exit code 0");
});
