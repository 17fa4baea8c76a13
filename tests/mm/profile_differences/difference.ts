/**
 * What a switch of the kernel profile changes, as a small program and what it shows per value.
 *
 * @module
 */

import { PAGE_SIZE } from "../../../lib/kernel/address.ts";
import { drain } from "../../../lib/kernel/operation.ts";
import { type KernelProfile, kernelProfile } from "../../../lib/kernel/profile.ts";
import type { AddressSpace } from "../../../lib/mm/filemap.ts";
import { Host } from "../../../lib/mm/host.ts";
import { mmap } from "../../../lib/mm/mmap.ts";
import type { Mm } from "../../../lib/mm/mm_struct.ts";
import { VM_READ, VM_WRITE } from "../../../lib/mm/vma.ts";
import { mmuNotifierRegister } from "../../../lib/notifier/chain.ts";
import { at, write } from "../reclaim_setup.ts";

/** The switches: every field of a profile but its name. */
export type Switch = Exclude<keyof KernelProfile, "name">;

/** One switch, alone. */
export interface Difference<Name extends Switch = Switch> {
  /** What the program shows, in a few words. */
  readonly shows: string;
  /** The built-in profile that all other switches are of. */
  readonly base: string;
  /** The values of the switch, each with the result of the program. */
  readonly results: readonly (readonly [KernelProfile[Name], unknown])[];
  /** The program; it gives what there is to see. */
  program(profile: KernelProfile): unknown;
}

/** Some of the switches. */
export type Differences = { readonly [Name in Switch]?: Difference<Name> };

/** Runs the program of a switch with one value. */
export function outcome(name: Switch, { base, program }: Difference, value: unknown): unknown {
  return program({ ...kernelProfile(base), [name]: value });
}

/** A machine of two nodes with swap and a process with a listener, that has mapped nothing. */
export function emptyProcess(profile: KernelProfile): { host: Host; mm: Mm } {
  const host = new Host({ profile, memory: 16 * 2 ** 20, nodes: 2, swapPages: 64 });
  const mm = host.createMm("P");
  mmuNotifierRegister({ name: "listener" }, mm);
  return { host, mm };
}

/** The same with anonymous memory, of which the first pages are written. */
export function anonymous(
  profile: KernelProfile,
  pages = 1,
  written = pages,
): { host: Host; mm: Mm } {
  const { host, mm } = emptyProcess(profile);
  map(mm, 0, pages);
  write(mm, 0, written, 1);
  return { host, mm };
}

/** Maps pages, of a file if one is given. */
export function map(
  mm: Mm,
  page: number,
  pages: number,
  options: { file?: AddressSpace; shared?: boolean; prot?: number } = {},
): void {
  const { prot = VM_READ | VM_WRITE, ...rest } = options;
  drain(mmap(mm, { addr: at(page), length: pages * PAGE_SIZE, fixed: true, prot, ...rest }));
}
