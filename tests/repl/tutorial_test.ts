import { assert, assertEquals } from "@std/assert";
import { rewrite } from "../../tools/tutorial.ts";

Deno.test("the tutorial is a session that comes out as it is written", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/tutorial.md", import.meta.url));
  assert(text.split("\nmmulab> ").length > 25);
  assertEquals(
    await rewrite(text),
    text,
    "Look at what differs; deno run -RW=docs tools/tutorial.ts writes docs/tutorial.md anew",
  );
});
