/**
 * Commands that show memory: translations, mappings, pages and the counters of the kernel.
 *
 * @module
 */

import { kmemText, ksmText, swapText, vmstatText } from "../../report/memory_text.ts";
import { mapsText, smapsText } from "../../report/maps_text.ts";
import { pageListText, pagemapText, pageTypesText, rmapText } from "../../report/pages_text.ts";
import { psText, vmPagesText, vmText } from "../../report/vm_text.ts";
import { pteText, vtopText } from "../../report/vtop_text.ts";
import type { Command, Environment } from "../command.ts";
import { placeOf, processNamed, requireProcess } from "../places.ts";
import { addressLiteral, literal, printing } from "../snippet.ts";
import { CommandError } from "../words.ts";

const GROUP = "Memory";
const PROCESS = {
  name: "process",
  means: "process",
  about: "The process; that of set, or the first, unless given",
  optional: true,
} as const;
const MM = "session.machine.mm";

const VTOP: Command = {
  name: "vtop",
  group: GROUP,
  about: "Translate an address: page tables, entry, mapping and page",
  args: [{
    name: "address",
    means: "address",
    about: "Such as ram[3], child:ram[3], 7f0000003000",
  }],
  examples: [["vtop ram[3]", "the fourth page of ram"], ["vtop 7f0000003000", "by address"]],
  run({ session }, { args }) {
    const { process, start } = placeOf(session, args.address);
    return vtopText(session.machine.mm(process), start);
  },
  ts({ session }, { args }) {
    const { process, start } = placeOf(session, args.address);
    const mm = `${MM}(${literal(process)})`;
    return printing(["vtopText"], `vtopText(${mm}, ${addressLiteral(start)})`);
  },
};

const PTE: Command = {
  name: "pte",
  group: GROUP,
  about: "Take the value of a page-table entry apart",
  args: [{ name: "value", means: "text", about: "The 64-bit word, hexadecimal" }],
  examples: [["pte d8e067", "a present entry"]],
  run: (_, { args }) => pteText(wordOf(args.value)),
  ts: (_, { args }) => printing(["pteText"], `pteText(0x${wordOf(args.value).toString(16)}n)`),
};

const VM: Command = {
  name: "vm",
  group: GROUP,
  about: "Show the mappings of a process",
  args: [PROCESS],
  options: [
    { name: "p", about: "Show where each page is, and the flags of its frame" },
    { name: "m", about: "Show them as /proc/PID/maps does" },
  ],
  examples: [["vm", "the mappings"], ["vm -p | grep ksm", "the pages that KSM merged"]],
  run({ session }, { args, options }) {
    const mm = session.machine.mm(processNamed(session, args.process));
    if (options.p) return vmPagesText(mm);
    return options.m ? mapsText(mm) : vmText(mm);
  },
  ts({ session }, { args, options }) {
    const name = options.p ? "vmPagesText" : options.m ? "mapsText" : "vmText";
    return printing([name], `${name}(${MM}(${literal(processNamed(session, args.process))}))`);
  },
};

const PS: Command = {
  name: "ps",
  group: GROUP,
  about: "List the processes",
  args: [],
  examples: [["ps", "all processes; > marks the one of set"]],
  run: ({ session }) => psText(session.machine, session.context),
  ts: () => printing(["psText"], "psText(session.machine, session.context)"),
};

const KMEM: Command = {
  name: "kmem",
  group: GROUP,
  about: "Show how much memory is used, or what is known of a frame",
  args: [{ name: "pfn", means: "text", about: "A frame, hexadecimal", optional: true }],
  options: [{ name: "i", about: "Show how much memory is used (as without a frame)" }],
  examples: [["kmem -i", "the totals"], ["kmem 2a", "frame 2a and who maps it"]],
  run({ session }, { args }) {
    if (args.pfn === undefined) return kmemText(session.machine);
    return rmapText(session.machine, frameOf(session.machine.host.frames.count, args.pfn));
  },
  ts({ session }, { args }) {
    if (args.pfn === undefined) return printing(["kmemText"], "kmemText(session.machine)");
    const pfn = frameOf(session.machine.host.frames.count, args.pfn);
    return printing(["rmapText"], `rmapText(session.machine, ${addressLiteral(pfn)})`);
  },
};

const RMAP: Command = {
  name: "rmap",
  group: GROUP,
  about: "Show which entries map a frame, the listeners' too",
  args: [{ name: "pfn", means: "text", about: "The frame, hexadecimal, as vtop shows it" }],
  examples: [["rmap 2a", "who maps frame 2a"]],
  run: KMEM.run,
  ts: KMEM.ts,
};

const PAGEMAP: Command = {
  name: "pagemap",
  group: GROUP,
  about: "Show words of /proc/PID/pagemap",
  args: [{ name: "range", means: "range", about: "Such as ram or ram[0..8]" }],
  examples: [["pagemap ram[0..4]", "four pages"]],
  run({ session }, { args }) {
    const { process, start, end } = placeOf(session, args.range);
    return pagemapText(session.machine.mm(process), start - start % 4096, end);
  },
  ts({ session }, { args }) {
    const { process, start, end } = placeOf(session, args.range);
    const places = [start - start % 4096, end].map(addressLiteral).join(", ");
    return printing(["pagemapText"], `pagemapText(${MM}(${literal(process)}), ${places})`);
  },
};

const SMAPS: Command = {
  name: "smaps",
  group: GROUP,
  about: "Show /proc/PID/smaps",
  args: [PROCESS],
  examples: [["smaps", "all mappings"], ["smaps | grep Pss", "one field"]],
  run: ({ session }, { args }) =>
    smapsText(session.machine.mm(processNamed(session, args.process))),
  ts: ({ session }, { args }) =>
    printing(["smapsText"], `smapsText(${MM}(${literal(processNamed(session, args.process))}))`),
};

const PAGE_TYPES: Command = {
  name: "page-types",
  group: GROUP,
  about: "Sum the pages of the machine, or of a process, by their flags",
  args: [{ ...PROCESS, about: "Only the pages of this process" }],
  options: [{ name: "l", about: "List runs of pages" }],
  examples: [["page-types", "all frames"], ["page-types -l qemu", "the pages of qemu"]],
  run({ session }, { args, options }) {
    const { machine } = session;
    if (args.process !== undefined) requireProcess(machine, args.process);
    const mm = args.process === undefined ? undefined : machine.mm(args.process);
    return options.l ? pageListText(machine, mm) : pageTypesText(machine, mm);
  },
  ts(_, { args, options }) {
    const name = options.l ? "pageListText" : "pageTypesText";
    const mm = args.process === undefined ? "" : `, ${MM}(${literal(args.process)})`;
    return printing([name], `${name}(session.machine${mm})`);
  },
};

/** A command that shows one file of the whole machine. */
function machineView(
  name: string,
  about: string,
  [text, show]: readonly [string, (machine: Environment["session"]["machine"]) => string],
): Command {
  return {
    name,
    group: GROUP,
    about,
    args: [],
    examples: [[name, "all of it"]],
    run: ({ session }) => show(session.machine),
    ts: () => printing([text], `${text}(session.machine)`),
  };
}

function wordOf(text: string): bigint {
  if (/^(0x)?[0-9a-f]{1,16}$/i.test(text)) return BigInt(`0x${text.replace(/^0x/i, "")}`);
  throw new CommandError(`Cannot read "${text}": expected a 64-bit word such as 8000000000012067`);
}

function frameOf(count: number, text: string): number {
  const pfn = /^(0x)?[0-9a-f]{1,12}$/i.test(text) ? parseInt(text, 16) : NaN;
  if (pfn < count) return pfn;
  throw new CommandError(
    `Cannot find frame "${text}": expected one from 0 to ${(count - 1).toString(16)}`,
  );
}

/** The commands, in the order of documentation. */
export const MEMORY_COMMANDS: readonly Command[] = [
  VTOP,
  PTE,
  VM,
  PS,
  KMEM,
  RMAP,
  PAGEMAP,
  SMAPS,
  PAGE_TYPES,
  machineView("ksm", "Show the files of /sys/kernel/mm/ksm", ["ksmText", ksmText]),
  machineView("vmstat", "Show /proc/vmstat", ["vmstatText", vmstatText]),
  machineView("swap", "Show /proc/swaps", ["swapText", swapText]),
];
