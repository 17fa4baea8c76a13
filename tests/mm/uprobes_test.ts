import { assertEquals } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { PG_ANON } from "../../lib/mm/flags.ts";
import { uprobeRegister, uprobeUnregister } from "../../lib/mm/uprobes.ts";
import { VM_EXEC, VM_READ } from "../../lib/mm/vma.ts";
import { flagsOf, frameOf, machine, map, read, windows } from "./file_fixture.ts";

const CODE = VM_READ | VM_EXEC;

/** A page offset of byte 16 of the first page. */
const PROBE = 16 / PAGE_SIZE;

function probed(profile: string) {
  const { host, mm } = machine(profile);
  const file = host.createFile("file", "/mnt/code", 1);
  file.disk.set(0, 0x9090);
  map(mm, 0, 1, { file, prot: CODE });
  map(mm, 8, 1, { file, prot: CODE });
  map(mm, 16, 1, { file, shared: true, prot: CODE });
  read(mm, 0, 1);
  drain(uprobeRegister(host, file, 16));
  return { host, mm, file };
}

Deno.test("a breakpoint replaces the page of each private mapping, last one first", () => {
  const { host, mm } = probed("v6.1");
  assertEquals(windows(host), [
    `P CLEAR [${8 + PROBE},${9 + PROBE})`,
    `P CLEAR [${PROBE},${1 + PROBE})`,
  ]);
  const { frames } = host;
  assertEquals(frames.flags[frameOf(mm, 0)] & PG_ANON, PG_ANON);
  assertEquals(frames.content[frameOf(mm, 0)] & 0xff, 0x90);
  assertEquals(frames.content[frameOf(mm, 0)] !== 0x9090, true);
  assertEquals(flagsOf(mm, 16), 0, "a shared mapping is left alone");
});

Deno.test("removing a breakpoint drops the copy, so that the file's page is mapped again", () => {
  const { host, mm, file } = probed("v6.1");
  const changes = host.trace.length;
  drain(uprobeUnregister(host, file, 16));
  assertEquals(flagsOf(mm, 0), 0);
  const kinds = [...host.trace.records(changes)].map(({ kind }) => kind);
  assertEquals(kinds.includes("change_pte"), false);
  read(mm, 0, 1);
  assertEquals(host.frames.content[frameOf(mm, 0)], 0x9090);
  assertEquals([mm.anonPages, mm.filePages], [0, 1]);
});

Deno.test("older kernels put another copy in place when a breakpoint goes", () => {
  const { host, mm, file } = probed("v5.2");
  drain(uprobeUnregister(host, file, 16));
  assertEquals(host.frames.flags[frameOf(mm, 0)] & PG_ANON, PG_ANON);
  assertEquals(host.frames.content[frameOf(mm, 0)], 0x9090);
});
