import { assert, assertEquals } from "@std/assert";
import { parse as parseYaml } from "@std/yaml";
import { VOCABULARY as BUILTIN } from "../../lib/scenario/builtin_vocabulary.ts";
import { partFileSchema, scenarioSchema } from "../../lib/scenario/schema.ts";
import { schemaTexts } from "../../tools/schema.ts";
import { isValid } from "./validate.ts";
import { HEAD, MAPPING, SAMPLE, VOCABULARY } from "./vocabulary.ts";

const SCHEMA = scenarioSchema(VOCABULARY);

function fits(source: string): boolean {
  return isValid(parseYaml(source), SCHEMA);
}

for (const [name, text] of Object.entries(schemaTexts())) {
  Deno.test(`${name} in the repository is current`, async () => {
    const file = new URL(`../../schema/${name}`, import.meta.url);
    assert(await Deno.readTextFile(file) === text, "run deno run -W=schema tools/schema.ts");
  });
}

Deno.test("the schema of parts allows what a part has, and no scenario", () => {
  const schema = partFileSchema(BUILTIN);
  const part = "params: { a: , b: 1 }\nsteps: [{ compact: }]\n" +
    "fragments: { f: { steps: [{ use: g }] } }\n";
  assert(isValid(parseYaml(part), schema));
  assert(!isValid(parseYaml(`name: t\n${part}`), schema));
});

Deno.test("the schema knows every operation and every kind of listener", () => {
  const text = JSON.stringify(scenarioSchema(BUILTIN));
  for (const { name } of BUILTIN.operations) assert(text.includes(`"${name}":{`), name);
  for (const { kind } of BUILTIN.listenerKinds) assert(text.includes(`"const":"${kind}"`), kind);
});

Deno.test("the sample fits the schema", () => {
  assert(fits(SAMPLE));
});

const GOOD = [
  "    expect: { ret: '> 0', errno: EAGAIN, guest: { faults: 3 }, guest.faults: '3..5' }\n",
  "    expect: [{ when: { kernel: [v5.2], policy: ideal }, violations: coherence }]\n",
  "    expect: { violations: { coherence: 1 }, sequence: [S, E], delta: { guest: { faults: 1 } } }\n",
  "    expect: { pages: { 'ram[0]': { present: true, device: { guest: ro } } } }\n",
  "  - repeat: 3\n    do: [{ compact: }, { for: { var: i, to: 3 }, compact: {} }]\n",
  "  - wait: { time: 1.5 ms }\n  - write: { range: 'ram[${1}]', fill: '${2}' }\n",
];

for (const steps of GOOD) {
  Deno.test(`the schema allows ${steps.trim().split("\n").join(" ")}`, () => {
    assert(fits(`${HEAD}steps:\n${MAPPING}${steps}`));
  });
}

const BAD: readonly (readonly [string, string])[] = [
  ["an unknown key", `${HEAD}stpes: []\nsteps: [{ compact: }]\n`],
  ["no steps", HEAD],
  ["an unknown operation", `${HEAD}steps: [{ compcat: }]\n`],
  ["an unknown argument", `${HEAD}steps: [{ compact: { x: 1 } }]\n`],
  ["a missing argument", `${HEAD}steps: [{ fork: { process: qemu } }]\n`],
  ["a word that is not offered", `${HEAD}steps: [{ madvise: { range: ram, advice: MERGE } }]\n`],
  ["an unknown kernel", `${HEAD}kernel: v9\nsteps: [{ compact: }]\n`],
  [
    "an unknown kind of listener",
    "name: t\nlisteners: { g: { kind: x, process: p } }\nsteps: []\n",
  ],
  ["a size without sense", `${HEAD}machine: { memory: much }\nsteps: [{ compact: }]\n`],
  ["an unknown page fact", `${HEAD}steps: [{ compact:, expect: { pages: { ram: { x: 1 } } } }]\n`],
  ["an empty list of steps", `${HEAD}steps: []\n`],
];

for (const [name, source] of BAD) {
  Deno.test(`the schema refuses ${name}`, () => {
    assertEquals(fits(source), false);
  });
}
