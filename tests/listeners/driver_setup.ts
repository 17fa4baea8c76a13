/**
 * One listener of any kind with translations for four pages, on a fake address space.
 *
 * @module
 */

import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { GntdevListener } from "../../lib/listeners/gntdev.ts";
import { Hfi1Listener } from "../../lib/listeners/hfi1.ts";
import { HmmListener } from "../../lib/listeners/hmm.ts";
import { KvmListener } from "../../lib/listeners/kvm.ts";
import type { Listener } from "../../lib/listeners/listener.ts";
import { OdpListener } from "../../lib/listeners/odp.ts";
import { OdpImplicitListener } from "../../lib/listeners/odp_implicit.ts";
import { PinnedMrListener } from "../../lib/listeners/pinned_mr.ts";
import type { PolicySpec } from "../../lib/listeners/policy.ts";
import type { ListenerOptions } from "../../lib/listeners/kind.ts";
import { createListener } from "../../lib/listeners/registry.ts";
import { SvaListener } from "../../lib/listeners/sva.ts";
import { UserptrListener } from "../../lib/listeners/userptr_listener.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../../lib/notifier/dispatch.ts";
import {
  type MmuNotifierEvent,
  type MmuNotifierRange,
  mmuNotifierRangeInit,
  VM_READ,
} from "../../lib/notifier/range.ts";
import type { FakeUserPages } from "./fake_user_pages.ts";

/** Where the pages are. */
export const BASE = 0x7f00_0000_0000;
/** Their number. */
export const PAGES = 4;

/** Address of a page. */
export function page(n: number): number {
  return BASE + n * PAGE_SIZE;
}

/** Makes a listener of a kind and registers it on the chain. */
export function make(
  kind: string,
  user: FakeUserPages,
  policy: string | PolicySpec = "legacy",
  options: ListenerOptions = {},
): Listener {
  const listener = createListener({ kind, name: "dev", user, policy, options });
  if (listener.ops !== null) mmuNotifierRegister(listener.ops, user.mm);
  return listener;
}

/** Lets the device have a translation for each of the four pages. */
export function populate(listener: Listener, access: "ro" | "rw"): void {
  const write = access === "rw";
  if (listener instanceof KvmListener) {
    listener.addMemslot(0, BASE, PAGES);
    drain(write ? listener.guestWrite(BASE, PAGES, () => 1) : listener.guestRead(BASE, PAGES));
  } else if (listener instanceof OdpImplicitListener) {
    drain(listener.rdmaRead(BASE, PAGES));
  } else if (listener instanceof OdpListener || listener instanceof PinnedMrListener) {
    drain(listener.regMr(BASE, PAGES, write));
    drain(listener.rdmaRead(BASE, PAGES));
  } else if (listener instanceof UserptrListener) {
    drain(listener.register(BASE, PAGES, write));
    drain(listener.submitRead(BASE, PAGES));
  } else if (listener instanceof GntdevListener) {
    drain(listener.mapGrants(BASE, PAGES));
  } else if (listener instanceof HmmListener) {
    listener.mirror(BASE, PAGES);
    drain(write ? listener.deviceWrite(BASE, PAGES, () => 1) : listener.deviceRead(BASE, PAGES));
  } else if (listener instanceof SvaListener) {
    drain(write ? listener.deviceWrite(BASE, PAGES, () => 1) : listener.deviceRead(BASE, PAGES));
  } else if (listener instanceof Hfi1Listener) {
    drain(listener.setupTids(BASE, PAGES));
  }
}

/** What the device has for the four pages: R read-only, W writable, - nothing. */
export function entries(listener: Listener): string {
  return Array.from({ length: PAGES }, (_, n) => {
    const entry = listener.entryAt(page(n));
    return entry === undefined ? "-" : entry.writable ? "W" : "R";
  }).join("");
}

/** References that the device holds. */
export function references(listener: Listener): number {
  let held = 0;
  listener.forEachReference?.(() => held++);
  return held;
}

/** Opens a window and closes it. */
export function pass(range: MmuNotifierRange): void {
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierInvalidateRangeEnd(range);
}

/** A window over some of the four pages. */
export function windowOver(
  user: FakeUserPages,
  event: MmuNotifierEvent,
  first = 0,
  pages = PAGES,
  vmFlags = VM_READ,
): MmuNotifierRange {
  const vma = { start: BASE, end: page(PAGES), flags: vmFlags };
  return mmuNotifierRangeInit(event, 0, vma, user.mm, page(first), page(first + pages));
}
