import { assertEquals, assertRejects } from "@std/assert";
import { Confirm, Input, Select } from "../../links/cliffy-prompt/mod.ts";
import { readChoice, readConfirm, readInput } from "../../links/cliffy-prompt/answers.ts";

Deno.test("readInput() takes the default for an empty line and checks the rest", () => {
  assertEquals(readInput("a", {}), { value: "a" });
  assertEquals(readInput("", { default: "b" }), { value: "b" });
  assertEquals(readInput("", { minLength: 1 }), {
    problem: "Value is too short: it needs 1 characters",
  });
  assertEquals(readInput("x", { validate: (text) => text === "y" || `No ${text}` }), {
    problem: "No x",
  });
  assertEquals(readInput("x", { validate: () => false }), { problem: "Invalid answer" });
});

Deno.test("readConfirm() takes yes, no and the default", () => {
  assertEquals(["y", "YES", "n", "No"].map((line) => readConfirm(line)), [
    { value: true },
    { value: true },
    { value: false },
    { value: false },
  ]);
  assertEquals(readConfirm("", false), { value: false });
  assertEquals(readConfirm("maybe"), { problem: 'Answer yes or no, not "maybe"' });
});

Deno.test("readChoice() takes a number, a name and the default", () => {
  const choices = [{ value: "a" }, { value: "b", name: "Bee" }];
  assertEquals(readChoice("1", choices), { value: "a" });
  assertEquals(readChoice("Bee", choices), { value: "b" });
  assertEquals(readChoice("", choices, "b"), { value: "b" });
  for (const line of ["0", "3", "b", ""]) {
    assertEquals(readChoice(line, choices), {
      problem: `Choose a number from 1 to 2 or a name, not "${line}"`,
    });
  }
});

Deno.test({
  name: "a prompt refuses to ask where there is no terminal",
  ignore: Deno.stdin.isTerminal(),
  async fn() {
    const questions: (() => Promise<unknown>)[] = [
      () => Input.prompt("Name"),
      () => Confirm.prompt({ message: "Sure", default: true }),
      () => Select.prompt({ message: "Which", options: ["a", { value: "b", name: "Bee" }] }),
    ];
    for (const question of questions) await assertRejects(question, Error, "not a terminal");
  },
});
