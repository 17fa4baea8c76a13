import { assertEquals, assertStringIncludes } from "@std/assert";
import { MAX_FILE_BYTES, readFiles } from "../../lib/cli/files.ts";

const FOLDER = "tmp/files_test";

/** Runs a test in a folder with some files. */
async function withFiles(
  files: Record<string, string | Uint8Array>,
  test: (folder: string) => void | Promise<void>,
): Promise<void> {
  await Deno.mkdir("tmp", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "tmp", prefix: "files_test_" });
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The message about the first path. */
function problem(path: string) {
  const [found] = readFiles([path]);
  return "problem" in found ? found.problem : undefined;
}

Deno.test("readFiles() finds the scenarios below a folder in alphabetical order", async () => {
  const files = {
    "b.yaml": "b",
    "a/z.yml": "z",
    "a/b.txt": "",
    "c.yaml.bak": "",
    ".git/d.yaml": "",
  };
  await withFiles(files, (folder) => {
    assertEquals(readFiles([`${folder}//`]), [
      { file: `${folder}/a/z.yml`, text: "z" },
      { file: `${folder}/b.yaml`, text: "b" },
    ]);
  });
});

Deno.test("readFiles() reads a file once, whatever its size", async () => {
  const text = "ä".repeat(100_000);
  await withFiles({ "a.yaml": text }, (folder) => {
    assertEquals(readFiles([`${folder}/a.yaml`, folder]), [{ file: `${folder}/a.yaml`, text }]);
  });
});

Deno.test("readFiles() reads a named file of any name", async () => {
  await withFiles({ scenario: "x" }, (folder) => {
    assertEquals(readFiles([`${folder}/scenario`]), [{ file: `${folder}/scenario`, text: "x" }]);
  });
});

Deno.test("readFiles() says that a folder has no scenarios", async () => {
  await withFiles({ "a.txt": "" }, (folder) => {
    assertStringIncludes(problem(folder)?.message ?? "", "no .yaml file in folder");
  });
});

Deno.test("readFiles() suggests the file meant", async () => {
  await withFiles({ "ksm.yaml": "" }, (folder) => {
    assertEquals(problem(`${folder}/kms.yaml`), {
      message: "Cannot read: no such file or folder",
      hint: `Did you mean ${folder}/ksm.yaml?`,
    });
  });
});

Deno.test("readFiles() reports a missing folder", () => {
  assertEquals(problem(`${FOLDER}/nowhere/a.yaml`), {
    message: "Cannot read: no such file or folder",
  });
});

Deno.test("readFiles() reports a path below a file", async () => {
  await withFiles({ "a.yaml": "" }, (folder) => {
    assertStringIncludes(problem(`${folder}/a.yaml/b.yaml`)?.message ?? "", "Cannot read: ");
  });
});

Deno.test("readFiles() reports a line that is not UTF-8", async () => {
  await withFiles({ "a.yaml": new Uint8Array([65, 10, 66, 10, 0xff, 10, 0xff]) }, (folder) => {
    assertEquals(problem(`${folder}/a.yaml`), {
      message: "Cannot read: expected text in UTF-8",
      line: 3,
    });
  });
});

Deno.test("readFiles() does not read devices", () => {
  assertEquals(problem("/dev/zero"), { message: "Cannot read: not a regular file" });
});

Deno.test("readFiles() stops at the largest size", async () => {
  await withFiles({ "a.yaml": new Uint8Array(MAX_FILE_BYTES + 1) }, (folder) => {
    const { message = "", hint } = problem(`${folder}/a.yaml`) ?? {};
    assertStringIncludes(message, "more than 50331648 bytes");
    assertEquals(hint, "This limit is fixed: split the file and include its parts");
  });
});

Deno.test("readFiles() says that a name is not UTF-8, as nobody can open it then", () => {
  assertEquals(problem("tmp/n\ufffd.yaml")?.message, "Cannot read: expected a name in UTF-8");
});
