import { assert, assertEquals } from "@std/assert";

/** A symbol as `deno doc --json` shows it. */
interface DocSymbol {
  name: string;
  declarations: { kind: string; jsDoc?: { doc?: string } }[];
}

const ROOT = new URL("../../", import.meta.url);
const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
const ENTRY_POINTS = Object.entries(exports as Record<string, string>);

/** Everything an entry point exports, types too. */
async function symbolsOf(file: string): Promise<DocSymbol[]> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", file],
    cwd: ROOT,
  }).output();
  assert(success);
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  return Object.values(nodes as Record<string, { symbols: DocSymbol[] }>)
    .flatMap(({ symbols }) => symbols);
}

for (const [entry, file] of ENTRY_POINTS) {
  Deno.test(`${entry} exports what was agreed on, and all of it is documented`, async (t) => {
    const symbols = await symbolsOf(file);
    const lines = symbols.flatMap((
      { name, declarations },
    ) => [...new Set(declarations.map(({ kind }) => `${name}: ${kind}`))]);
    await t.assertSnapshot(lines.sort());
    const bare = symbols.filter(({ declarations }) => !declarations.some((one) => one.jsDoc?.doc));
    assertEquals(bare.map(({ name }) => name), []);
  });

  Deno.test(`${entry} names what it exports one by one`, async () => {
    const text = await Deno.readTextFile(new URL(file, ROOT));
    assert(!/^export \*/m.test(text), `${file} has "export *"`);
    assert(
      /^\/\*\*[^]*?```(ts|sh)[^]*? @module\n \*\/$/m.test(text),
      `${file} has no page of its own`,
    );
  });
}
