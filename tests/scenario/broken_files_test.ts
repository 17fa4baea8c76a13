import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { check, checkSteps, HEAD, MAPPING } from "./vocabulary.ts";

interface Row {
  /** What is wrong, in plain words. */
  readonly name: string;
  /** A whole file, or steps after the usual head. */
  readonly file?: string;
  readonly steps?: string;
  /** Parts of the message and of the hint. */
  readonly says: string;
  readonly hint?: string;
  /** Line and column; lines of `steps` count from 1. */
  readonly at?: readonly [number, number];
}

const STEPS_BEGIN = HEAD.split("\n").length + MAPPING.split("\n").length;
const T = "name: t\n";
const END = "steps: [{ compact: }]\n";

const ROWS: readonly Row[] = [
  // The text and its YAML.
  { name: "an empty file", file: "", says: "Expected a scenario as a map", at: [1, 1] },
  { name: "a file of comments", file: "# nothing\n", says: "Expected a scenario as a map" },
  { name: "a list", file: "- a\n", says: "Expected a scenario as a map", at: [1, 1] },
  { name: "an open quote", file: 'name: "t\n', says: "a quote or a bracket is open" },
  { name: "a tab as indentation", file: "a:\n\tb: 1\n", says: "tab characters must not" },
  { name: "a tab before a bracket", file: "a:\t[b]\n", says: "tab before a bracket" },
  { name: "a control character", file: "a: \x1b\n", says: "non-printable characters", at: [1, 4] },
  { name: "two documents", file: `${T}---\n${T}`, says: "multiple documents" },
  { name: "a key twice", file: `${T}${T}${END}`, says: 'Key "name" occurs twice', at: [2, 1] },
  { name: "an unknown tag", file: "name: !x t\n" + END, says: 'unknown tag "!x"' },
  { name: "a key without colon", file: `${T}tags\n${END}`, says: 'got "tags"', at: [2, 1] },
  {
    name: "a value with a colon in it",
    file: `name: a: b\n${END}`,
    says: 'unexpected ":" in a value',
    at: [1, 8],
  },
  { name: "an unknown alias", file: "name: *t\n" + END, says: 'Unknown alias "t"', at: [1, 7] },
  { name: "an alias of itself", file: "name: &a [*a]\n", says: 'Unknown alias "a"' },
  { name: "a list as key", file: "? [a]\n: b\n", says: "Expected a word as key, got a list" },
  {
    name: "a comparison without quotes",
    steps: "    expect:\n      ret: >= 0\n",
    says: "Invalid YAML",
    hint: "Write comparisons in quotes",
    at: [2, 13],
  },
  {
    name: "an inequality without quotes",
    steps: "    expect: { ret: != 0 }\n",
    says: "Invalid YAML",
    hint: "Write comparisons in quotes",
  },
  {
    name: "a part of a mapping without quotes",
    steps: "  - write: { range: ram[0] }\n",
    says: "Invalid YAML",
    hint: "Write ranges in quotes",
  },
  {
    name: "deep nesting in brackets",
    file: "name: " + "[".repeat(40) + "]".repeat(40),
    says: "the limit is 32 levels",
  },
  {
    name: "very deep nesting",
    file: "[".repeat(5000),
    says: "the limit is 32 levels",
  },
  {
    name: "a large file",
    file: `${T}${END}${"#".repeat(2 ** 20)}`,
    says: "the limit is 1048576",
    at: [1, 1],
  },
  {
    name: "a bomb of aliases",
    file: "a: &a [x,x,x,x,x,x,x,x,x,x]\n" +
      [..."bcdefgh"].map((name, at) => {
        const before = "abcdefgh"[at];
        return `${name}: &${name} [${`*${before},`.repeat(10)}]\n`;
      }).join(""),
    says: "the limit is 1000000 nodes",
  },

  // Top level.
  {
    name: "a misspelled key",
    file: `${T}tgas: [a]\n${END}`,
    says: 'Unknown key "tgas" in a scenario',
    hint: 'Did you mean "tags"?',
    at: [2, 1],
  },
  { name: "no name", file: END, says: 'Missing key "name"', at: [1, 1] },
  { name: "no steps", file: T, says: 'Missing key "steps"', at: [1, 1] },
  { name: "a list as name", file: `name: [t]\n${END}`, says: "Expected text, got a list" },
  { name: "an empty name", file: `name:\n${END}`, says: "Expected text, got nothing" },
  {
    name: "a map of tags",
    file: `${T}tags: {}\n${END}`,
    says: "Expected a list of tags, got a map",
  },
  {
    name: "an unknown kernel",
    file: `${T}kernel: v5.3\n${END}`,
    says: 'Unknown kernel profile "v5.3"',
    hint: "v5.",
    at: [2, 9],
  },
  {
    name: "an unknown kernel in the list",
    file: `${T}kernels: [v5.2, v51]\n${END}`,
    says: 'Unknown kernel profile "v51"',
    at: [2, 17],
  },
  {
    name: "an unknown switch",
    file: `${T}switches: { changePteFlags: true }\n${END}`,
    says: 'Unknown key "changePteFlags"',
    hint: "changePteFlag",
  },
  {
    name: "a switch set to another type",
    file: `${T}switches: { changePteFlag: 1 }\n${END}`,
    says: "Expected true or false",
  },
  {
    name: "a switch set to an unknown word",
    file: `${T}switches: { cowReuse: exclusiv }\n${END}`,
    says: "Unknown setting",
    hint: "exclusive",
  },
  {
    name: "too much memory",
    file: `${T}machine: { memory: 257 GiB }\n${END}`,
    says: "274877906944",
    at: [2, 20],
  },
  {
    name: "too little memory",
    file: `${T}machine: { memory: 1 page }\n${END}`,
    says: "Expected a size from 1048576",
  },
  {
    name: "memory in ms",
    file: `${T}machine: { memory: 20 ms }\n${END}`,
    says: "Expected a size",
    hint: "Units: B, KiB",
  },
  {
    name: "too many nodes",
    file: `${T}machine: { nodes: 9 }\n${END}`,
    says: "Expected an integer from 1 to 8, got",
  },
  {
    name: "a negative seed",
    file: `${T}machine: { seed: -1 }\n${END}`,
    says: "Expected an integer not below 0",
  },
  {
    name: "half a node",
    file: `${T}machine: { nodes: 1.5 }\n${END}`,
    says: "Expected an integer",
  },
  {
    name: "an unknown cost",
    file: `${T}costs: { cow_copi: 1 }\n${END}`,
    says: 'Unknown cost "cow_copi"',
    hint: "cow_copy",
    at: [2, 10],
  },
  {
    name: "a cost in bytes",
    file: `${T}costs: { cow_copy: 1 KiB }\n${END}`,
    says: "Expected a duration",
    hint: "Units: ns",
  },
  {
    name: "an unknown fault",
    file: `${T}faults: [skip_stat]\n${END}`,
    says: 'Unknown fault "skip_stat"',
    hint: "skip_start",
  },

  // Variables and expressions.
  {
    name: "a variable with a strange name",
    file: `${T}vars: { a-b: 1 }\n${END}`,
    says: 'Expected a name for a variable, got "a-b"',
  },
  {
    name: "too many variables",
    file: `${T}${END}vars:\n${Array.from({ length: 257 }, (_, at) => `  v${at}: 1\n`).join("")}`,
    says: "File has 257 variables: the limit is 256",
    at: [260, 3],
  },
  {
    name: "a list as variable",
    file: `${T}vars: { a: [1] }\n${END}`,
    says: "Expected a number, text, true or false, got a list",
  },
  {
    name: "a variable that uses a later one",
    file: `${T}vars: { a: "\${b}", b: 1 }\n${END}`,
    says: 'Unknown variable "b"',
    at: [2, 15],
  },
  {
    name: "an unknown variable",
    file: `${T}vars: { pages: 1 }\nmachine: { seed: "\${page}" }\n${END}`,
    says: 'Unknown variable "page"',
    hint: 'Did you mean "pages"?',
    at: [3, 21],
  },
  {
    name: "an open expression",
    steps: '  - ksmd: { full_scans: "${1 + 2" }\n',
    says: 'Expected "}" after "${"',
    at: [1, 26],
  },
  {
    name: "an operator without operand",
    steps: '  - ksmd: { full_scans: "${1 +}" }\n',
    says: "Expected a number, a name or a parenthesis, got the end",
    at: [1, 31],
  },
  {
    name: "a division by zero",
    steps: '  - ksmd: { full_scans: "${1 / 0}" }\n',
    says: "Cannot divide by zero",
    at: [1, 28],
  },
  {
    name: "an unknown function",
    steps: '  - ksmd: { full_scans: "${mn(1)}" }\n',
    says: 'Unknown function "mn"',
    hint: "min",
  },
  {
    name: "an unknown unit",
    steps: '  - ksmd: { full_scans: "${1 KB}" }\n',
    says: 'Unknown unit "KB"',
  },
  {
    name: "text in arithmetic",
    steps: "  - ksmd: { full_scans: \"${'a' + 1}\" }\n",
    says: 'Expected a number, got text "a"',
  },
  {
    name: "one equals sign",
    steps: '  - ksmd: { full_scans: "${1 = 1 ? 1 : 2}" }\n',
    says: 'Unexpected "="',
    hint: "==",
  },
  {
    name: "a long expression",
    steps: `  - ksmd: { full_scans: "\${${"1+".repeat(400)}1}" }\n  - ksmd: { full_scans: "\${${
      "1+".repeat(700)
    }1}" }\n`,
    says: "Expression has more than 1000 characters",
    at: [2, 26],
  },

  // Processes, listeners, policies.
  {
    name: "a process with an option",
    file: `${T}processes: { p: { x: 1 } }\n${END}`,
    says: 'Unknown key "x" in a process',
    hint: "No keys are allowed here",
  },
  {
    name: "a list of processes",
    file: `${T}processes: [p]\n${END}`,
    says: "Expected a map with a name for each process, got a list",
  },
  {
    name: "a process named like a group of figures",
    file: `${T}processes: { ksm: {} }\n${END}`,
    says: 'Name "ksm" is taken: it is a group of figures',
  },
  {
    name: "a listener named like a process",
    file: `${T}processes: { p: {} }\nlisteners: { p: { kind: kvm, process: p } }\n${END}`,
    says: 'Name "p" is taken: it is a process',
    at: [3, 14],
  },
  {
    name: "a listener named like a word of expectations",
    file: `${T}processes: { p: {} }\nlisteners: { pages: { kind: kvm, process: p } }\n${END}`,
    says: 'Name "pages" is taken: it is a word of expectations',
  },
  {
    name: "a listener without kind",
    file: `${T}processes: { p: {} }\nlisteners: { g: { process: p } }\n${END}`,
    says: 'Missing key "kind"',
  },
  {
    name: "an unknown kind of listener",
    file: `${T}processes: { p: {} }\nlisteners: { g: { kind: kvn, process: p } }\n${END}`,
    says: 'Unknown kind of listener "kvn"',
    hint: "kvm",
    at: [3, 25],
  },
  {
    name: "a listener without process",
    file: `${T}listeners: { g: { kind: kvm } }\n${END}`,
    says: 'Missing key "process"',
  },
  {
    name: "a listener on an unknown process",
    file: `${T}processes: { qemu: {} }\nlisteners: { g: { kind: kvm, process: quemu } }\n${END}`,
    says: 'Unknown process "quemu"',
    hint: 'Did you mean "qemu"?',
    at: [3, 39],
  },
  {
    name: "an option of another kind of listener",
    file:
      `${T}processes: { p: {} }\nlisteners: { g: { kind: kvm, process: p, softDirty: true } }\n${END}`,
    says: 'Unknown key "softDirty" in listener of kind "kvm"',
  },
  {
    name: "an unknown policy of a listener",
    file:
      `${T}processes: { p: {} }\nlisteners: { g: { kind: kvm, process: p, policy: idea } }\n${END}`,
    says: 'Unknown policy "idea"',
    hint: "ideal",
  },
  {
    name: "a policy named like a built-in one",
    file: `${T}policies: { legacy: {} }\n${END}`,
    says: 'Name "legacy" is taken: it is a policy',
  },
  {
    name: "a policy on an unknown event",
    file: `${T}policies: { mine: { events: { CLAER: drop } } }\n${END}`,
    says: 'Unknown event "CLAER"',
    hint: "CLEAR",
  },
  {
    name: "a policy with an unknown action",
    file: `${T}policies: { mine: { events: { CLEAR: dorp } } }\n${END}`,
    says: 'Unknown action "dorp"',
    hint: "drop",
  },

  // Steps and loops.
  { name: "steps as map", file: `${T}steps: {}\n`, says: "Expected a list of steps, got a map" },
  {
    name: "no step at all",
    file: `${T}steps: []\n`,
    says: "Expected a list of steps, got an empty list",
  },
  {
    name: "a word as step",
    file: `${T}steps: [mmap]\n`,
    says: 'Expected a step as a map, got "mm',
  },
  { name: "an empty step", file: `${T}steps: [{}]\n`, says: "Expected an operation in the step" },
  {
    name: "an unknown operation",
    steps: "  - madvice: { range: ram, advice: DONTNEED }\n",
    says: 'Unknown operation or key "madvice"',
    hint: 'Did you mean "madvise"?',
    at: [1, 5],
  },
  {
    name: "two operations in a step",
    steps: "  - compact:\n    ksmd:\n",
    says: 'Expected one operation per step, got "compact" and "ksmd"',
    at: [2, 5],
  },
  {
    name: "a step with nothing but a name",
    steps: "  - name: a\n",
    says: "Expected an operation in the step",
  },
  {
    name: "an unknown argument",
    steps: "  - ksmd: { fullscans: 1 }\n",
    says: 'Unknown key "fullscans" in operation "ksmd"',
    hint: "full_scans",
    at: [1, 13],
  },
  {
    name: "an argument that is missing",
    steps: "  - madvise: { range: ram }\n",
    says: 'Missing key "advice" in operation "madvise"',
    at: [1, 16],
  },
  {
    name: "a required argument of an empty operation",
    steps: "  - wait:\n",
    says: 'Missing key "time" in operation "wait"',
    at: [1, 10],
  },
  {
    name: "arguments as text",
    steps: "  - madvise: ram\n",
    says: 'Expected operation "madvise" as a map, got "ram"',
  },
  {
    name: "an unknown process",
    steps: "  - mmap: { process: qeum, name: a, size: 4096 }\n",
    says: 'Unknown process "qeum"',
    hint: 'Did you mean "qemu"?',
    at: [1, 22],
  },
  {
    name: "an unknown listener",
    steps: "  - guest_read: { listener: gest, range: ram }\n",
    says: 'Unknown listener "gest"',
    hint: 'Did you mean "guest"?',
  },
  {
    name: "a listener of the wrong kind",
    steps: "  - guest_read: { listener: nic, range: ram }\n",
    says: 'Expected a listener of kind kvm, got "nic"',
    hint: "It is of kind pinned_mr",
  },
  {
    name: "an unknown mapping",
    steps: "  - write: { range: rom }\n",
    says: 'Unknown mapping "rom"',
    hint: 'Did you mean "ram"?',
    at: [1, 21],
  },
  {
    name: "a mapping before it is made",
    steps: "  - write: { range: late }\n  - mmap: { process: qemu, name: late, size: 1 page }\n",
    says: 'Unknown mapping "late"',
  },
  {
    name: "a range that is no range",
    steps: '  - write: { range: "ram[a]" }\n',
    says: 'Expected a range such as "ram", "ram[3]" or "ram[0..8]", got "ram[a]"',
  },
  {
    name: "an empty range",
    steps: '  - write: { range: "ram[8..8]" }\n',
    says: "Range is empty",
  },
  {
    name: "a page beyond all memory",
    steps: '  - write: { range: "ram[34359738369]" }\n',
    says: "Page number is too large: the limit is 34359738368",
  },
  {
    name: "a range with a process in an argument",
    steps: '  - write: { range: "qemu:ram" }\n',
    says: "Expected a range without a process",
    hint: 'Write "ram"',
  },
  {
    name: "a size that is no whole page",
    steps: "  - mmap: { process: qemu, name: a, size: 100 }\n",
    says: "Expected a multiple of 4096, got 100",
  },
  {
    name: "a size in an unknown unit",
    steps: "  - mmap: { process: qemu, name: a, size: 1 MB }\n",
    says: 'Expected a size from 0 to 140737488355328 such as "16 pages" or "64 MiB", got "1 MB"',
    hint: "MiB",
  },
  {
    name: "an address that is no page",
    steps: "  - mmap: { process: qemu, name: a, size: 4096, at: 0x1001 }\n",
    says: "Expected a multiple of 4096, got 4097",
  },
  {
    name: "an address above user space",
    steps: "  - mmap: { process: qemu, name: a, size: 4096, at: 0x8000000000001000 }\n",
    says: "Expected an address",
  },
  {
    name: "a mapping with a strange name",
    steps: "  - mmap: { process: qemu, name: 1a, size: 4096 }\n",
    says: 'Expected a name for a mapping, got "1a"',
  },
  {
    name: "a word that is not offered",
    steps: "  - madvise: { range: ram, advice: MERGABLE }\n",
    says: 'Unknown word "MERGABLE"',
    hint: 'Did you mean "MERGEABLE"?',
    at: [1, 36],
  },
  {
    name: "a flag that is neither",
    steps: "  - mmap: { process: qemu, name: a, size: 4096, populate: yes }\n",
    says: 'Expected true or false, got "yes"',
  },
  {
    name: "a fill that is too large",
    steps: "  - write: { range: ram, fill: 256 }\n",
    says: "Expected a byte from 0 to 255, or same, unique, random",
  },
  {
    name: "a misspelled fill",
    steps: "  - write: { range: ram, fill: uniqe }\n",
    says: "Expected a byte",
    hint: "unique",
  },
  { name: "a count with a unit", steps: "  - ksmd: { full_scans: 3 ms }\n", says: "an integer" },
  {
    name: "do without a loop",
    steps: "  - do: [{ compact: }]\n",
    says: 'Expected one of "repeat", "for", "until", "if", "defer" beside "do"',
    at: [1, 5],
  },
  {
    name: "two loops at once",
    steps: "  - repeat: 2\n    for: { var: i, to: 2 }\n    compact:\n",
    says: 'Expected "repeat" or "for", got both',
    at: [2, 5],
  },
  {
    name: "an operation beside do",
    steps: "  - repeat: 2\n    do: [{ compact: }]\n    expect: { ret: 0 }\n",
    says: 'Unexpected key "expect" beside "do"',
    at: [3, 5],
  },
  {
    name: "a loop of nothing",
    steps: "  - repeat: 2\n    do: []\n",
    says: "Expected a list of steps, got an empty list",
  },
  {
    name: "too many passes",
    steps: "  - repeat: 100001\n    compact:\n",
    says: "Loop has 100001 passes: the limit is 100000",
  },
  {
    name: "too many passes by bounds",
    steps: "  - for: { var: i, to: 100001 }\n    compact:\n",
    says: "Loop has 100001 passes: the limit is 100000",
  },
  {
    name: "too many steps by nesting",
    steps: "  - repeat: 1000\n    do: [{ repeat: 1000, do: [{ compact: }] }]\n",
    says: "the limit is 100000",
  },
  {
    name: "too many steps in few passes",
    steps: `  - repeat: 20000\n    do:\n${"      - compact:\n".repeat(6)}`,
    says: "the limit is 100000",
  },
  {
    name: "too many passes that do nothing",
    steps: "  - repeat: 1000\n    do: [{ repeat: 1000, do: [{ repeat: 0, compact: }] }]\n",
    says: "the limit is 100000",
  },
  {
    name: "a mistake in every pass of a loop",
    steps: '  - for: { var: i, to: 9 }\n    write: { range: "rom${i}" }\n',
    says: 'Unknown mapping "rom0"',
  },
  {
    name: "a loop without an end",
    steps: "  - for: { var: i }\n    compact:\n",
    says: 'Expected either "to" or "in"',
  },
  {
    name: "a loop with two ends",
    steps: "  - for: { var: i, to: 3, in: [1] }\n    compact:\n",
    says: 'Expected either "to" or "in"',
  },
  {
    name: "a loop that stands still",
    steps: "  - for: { var: i, to: 3, step: 0 }\n    compact:\n",
    says: "Expected an integer from 1",
  },
  {
    name: "a mistake in a loop that is never entered",
    steps: "  - repeat: 0\n    write: { range: rom }\n",
    says: 'Unknown mapping "rom"',
  },
  {
    name: "a loop variable after its loop",
    steps: '  - for: { var: i, to: 2 }\n    compact:\n  - ksmd: { full_scans: "${i}" }\n',
    says: 'Unknown variable "i"',
    at: [3, 28],
  },

  // Expectations.
  {
    name: "an unknown expectation",
    steps: "    expect: { erno: EAGAIN }\n",
    says: 'Unknown expectation "erno"',
    hint: 'Did you mean "errno"?',
    at: [1, 15],
  },
  {
    name: "text as expectation",
    steps: "    expect: fine\n",
    says: 'Expected a map of expectations, got "fine"',
  },
  {
    name: "an unknown error number",
    steps: "    expect: { errno: EAGIAN }\n",
    says: 'Unknown error number "EAGIAN"',
    hint: "EAGAIN",
  },
  {
    name: "a word as return value",
    steps: "    expect: { ret: fine }\n",
    says: 'Expected a figure such as "guest.faults", got "fine"',
  },
  {
    name: "true as return value",
    steps: "    expect: { ret: true }\n",
    says: "Expected a number or a comparison",
  },
  {
    name: "an unknown figure of a listener",
    steps: "    expect: { guest: { fault: 1 } }\n",
    says: 'Unknown figure of "guest": "fault"',
    hint: "faults",
    at: [1, 24],
  },
  {
    name: "an unknown group of figures",
    steps: "    expect: { gust.faults: 1 }\n",
    says: 'Unknown group of figures "gust"',
    hint: "guest",
    at: [1, 15],
  },
  {
    name: "an unknown figure in a matcher",
    steps: '    expect: { guest.faults: "> guest.windws" }\n',
    says: 'Unknown figure of "guest": "windws"',
    hint: "windows",
    at: [1, 32],
  },
  {
    name: "a matcher with half a range",
    steps: '    expect: { guest.faults: "3.." }\n',
    says: "Expected a number, a name or a parenthesis, got the end",
  },
  {
    name: "a matcher with an empty range",
    steps: '    expect: { guest.faults: "5..3" }\n',
    says: "Range is empty: 5 is above 3",
  },
  {
    name: "a matcher with comparison and range",
    steps: '    expect: { guest.faults: "> 3..5" }\n',
    says: 'Expected no ">" before a range',
  },
  {
    name: "a matcher of two comparisons",
    steps: '    expect: { guest.faults: "> 3 < 5" }\n',
    says: "Expected a number, got",
  },
  {
    name: "an unknown event",
    steps: "    expect: { events: { CLEARS: 1 } }\n",
    says: 'Unknown event or callback "CLEARS"',
    hint: "CLEAR",
    at: [1, 25],
  },
  {
    name: "an unknown callback in a sequence",
    steps: '    expect: { sequence: "s CLEAR" }\n',
    says: 'Expected one of S, E, e, ir, cp, cfy, cy, ty, rel, got "s"',
  },
  {
    name: "an unknown range in a sequence",
    steps: '    expect: { sequence: ["S CLEAR rom", E] }\n',
    says: 'Unknown mapping "rom"',
    hint: "ram",
  },
  {
    name: "a map as sequence",
    steps: "    expect: { sequence: {} }\n",
    says: "Expected a list of callbacks, got a map",
  },
  {
    name: "an unknown page fact",
    steps: "    expect: { pages: { ram: { softdirty: true } } }\n",
    says: 'Unknown key "softdirty" in page facts',
    hint: "soft_dirty",
  },
  {
    name: "an unknown mapping of pages",
    steps: '    expect: { pages: { "rom[0]": { present: true } } }\n',
    says: 'Unknown mapping "rom"',
    at: [1, 24],
  },
  {
    name: "an unknown process of pages",
    steps: '    expect: { pages: { "child:ram": { present: true } } }\n',
    says: 'Unknown process "child"',
  },
  {
    name: "a page fact of another type",
    steps: "    expect: { pages: { ram: { present: 1 } } }\n",
    says: "Expected true or false",
  },
  {
    name: "the same frame as nothing known",
    steps: '    expect: { pages: { ram: { same_frame_as: "rom[0]" } } }\n',
    says: 'Unknown mapping "rom"',
  },
  {
    name: "an unknown device access",
    steps: "    expect: { pages: { ram: { device: { guest: wr } } } }\n",
    says: 'Unknown access "wr"',
    hint: "rw",
  },
  {
    name: "an unknown device",
    steps: "    expect: { pages: { ram: { device: { gust: rw } } } }\n",
    says: 'Unknown listener "gust"',
  },
  {
    name: "a condition on an unknown kernel",
    steps: "    expect: [{ when: { kernel: v5.9 }, ret: 0 }]\n",
    says: 'Unknown kernel profile "v5.9"',
  },
  {
    name: "a condition on an unknown policy",
    steps: "    expect: [{ when: { policy: ideall }, ret: 0 }]\n",
    says: 'Unknown policy "ideall"',
    hint: "ideal",
  },
  {
    name: "a condition on something else",
    steps: "    expect: [{ when: { listener: guest }, ret: 0 }]\n",
    says: 'Unknown key "listener" in a condition',
  },
  {
    name: "a comparison after a step",
    steps: "    expect: { compare: {} }\n",
    says: 'Key "compare" is allowed only at the end of the file',
  },
  {
    name: "a return value at the end",
    file: `${T}${END}expect: { ret: 0 }\n`,
    says: 'Key "ret" is allowed only after a step',
    at: [3, 11],
  },
  {
    name: "an unknown column",
    file: `${HEAD}${END}expect: { compare: { guest.faults: { legcy: 1 } } }\n`,
    says: 'Unknown policy "legcy"',
    hint: "legacy",
  },
  {
    name: "an unknown column in a matcher",
    file: `${HEAD}${END}expect: { compare: { guest.faults: { legacy: "> folowup" } } }\n`,
    says: 'Unknown policy "folowup"',
    hint: "followup",
  },
  {
    name: "a comparison of an unknown figure",
    file: `${HEAD}${END}expect: { compare: { guest.fault: { legacy: 1 } } }\n`,
    says: 'Unknown figure of "guest": "fault"',
  },

  // What one writes who is new to it.
  {
    name: "a listener that is its kind alone",
    file: `${T}processes: { p: }\nlisteners: { g: kvm }\n${END}`,
    says: 'Expected a listener as a map, got "kvm"',
    hint: "Such as { kind: kvm, process: qemu }",
  },
  {
    name: "one kernel where there may be several",
    file: `${T}kernels: v5.2\n${END}`,
    says: 'Expected a list of kernel profiles, got "v5.2"',
    hint: 'Put it into brackets: ["v5.2"]',
  },
  {
    name: "a constant of a header",
    steps: "  - madvise: { range: ram, advice: MADV_DONTNEED }\n",
    says: 'Unknown word "MADV_DONTNEED"',
    hint: 'Did you mean "DONTNEED"?',
  },
  {
    name: "an argument without its name",
    steps: "  - guest_read: ram\n",
    says: 'Expected operation "guest_read" as a map, got "ram"',
    hint: "Such as { listener: ..., range: ... }",
    at: [1, 17],
  },
  {
    name: "an operation without arguments or colon",
    steps: "  - compact\n",
    says: 'Expected a step as a map, got "compact"',
    hint: 'Such as "- read: { range: ram }"',
  },
  {
    name: "a step without its dash",
    steps: "  compact:\n",
    says: "bad indentation of a mapping entry",
    hint: 'Begin items of a list with "- "',
    at: [1, 3],
  },
  {
    name: "an expression alone as expectation",
    steps: "    expect: guest.faults == 3\n",
    says: 'Expected a map of expectations, got "guest.faults == 3"',
    hint: '{ that: "guest.faults == 3" } for an expression',
  },
  {
    name: "a group of figures with a number",
    steps: "    expect: { guest: 3 }\n",
    says: 'Expected a map of figures of "guest", got 3',
    hint: "guest.NAME",
    at: [1, 22],
  },
  {
    name: "a comparison as one text",
    file: `${HEAD}${END}expect: { compare: { guest.faults: legacy > ideal } }\n`,
    says: 'Expected a map of policies, got "legacy > ideal"',
    hint: 'Such as { ideal: "< legacy" }',
  },
  {
    name: "a comma in a sequence",
    steps: '    expect: { sequence: "S CLEAR ram[0], E" }\n',
    says: 'Expected a range, got "ram[0],"',
    hint: 'Write " · " between callbacks',
  },
  {
    name: "an access without its listener",
    steps: "    expect: { pages: { ram: { device: rw } } }\n",
    says: 'Expected a map of listeners, got "rw"',
    hint: "Such as { guest: rw }",
  },
];

for (const row of ROWS) {
  Deno.test(`a scenario with ${row.name} is refused`, () => {
    const found = row.steps === undefined ? check(row.file ?? "") : checkSteps(row.steps);
    const right = found.find(({ message }) => message.includes(row.says));
    assert(right, `"${row.says}" is not among ${JSON.stringify(found, null, 1)}`);
    if (row.hint !== undefined) assertStringIncludes(right.hint ?? "no hint", row.hint);
    const first = row.steps === undefined ? 0 : STEPS_BEGIN - 1;
    if (row.at) assertEquals([right.line - first, right.column], [...row.at]);
  });
}

Deno.test("every broken file is refused for one reason only", () => {
  const several = ROWS.filter((row) => {
    const found = row.steps === undefined ? check(row.file ?? "") : checkSteps(row.steps);
    return found.length > 1;
  });
  assertEquals(several.map(({ name }) => name), []);
});
