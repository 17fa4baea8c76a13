/**
 * Switches of the drivers that listen.
 *
 * @module
 */

import { drain } from "../../../lib/kernel/operation.ts";
import type { KernelProfile } from "../../../lib/kernel/profile.ts";
import { HmmListener } from "../../../lib/listeners/hmm.ts";
import { KvmListener } from "../../../lib/listeners/kvm.ts";
import type { Listener } from "../../../lib/listeners/listener.ts";
import { OdpListener } from "../../../lib/listeners/odp.ts";
import type { ListenerOptions } from "../../../lib/listeners/kind.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
  mmuNotifierInvalidateRangeStartNonblock,
} from "../../../lib/notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, MMU_NOTIFY_UNMAP } from "../../../lib/notifier/range.ts";
import {
  BASE,
  entries,
  make,
  page,
  pass,
  populate,
  windowOver,
} from "../../listeners/driver_setup.ts";
import { fakeMm, FakeUserPages } from "../../listeners/fake_user_pages.ts";
import type { Differences } from "./difference.ts";

function driver(
  kind: string,
  profile: KernelProfile,
  options?: ListenerOptions,
): { user: FakeUserPages; device: Listener } {
  const user = new FakeUserPages(fakeMm(profile));
  user.mmap(BASE, 16, true, "rw");
  return { user, device: make(kind, user, "legacy", options) };
}

function hmm(profile: KernelProfile): { user: FakeUserPages; device: HmmListener } {
  const { user, device } = driver("hmm", profile);
  if (!(device instanceof HmmListener)) throw new TypeError("Cannot make an HMM mirror");
  return { user, device };
}

/** Differences by switch. */
export const LISTENERS: Differences = {
  kvmRetry: {
    shows: "whether a guest gets a page while a window over another one is open",
    base: "v5.2",
    results: [["vm", false], ["range", true]],
    program(profile) {
      const { user, device } = driver("kvm", profile);
      if (!(device instanceof KvmListener)) throw new TypeError("Cannot make a guest");
      device.addMemslot(0, BASE, 16);
      mmuNotifierInvalidateRangeStart(windowOver(user, MMU_NOTIFY_CLEAR, 8, 1));
      const access = device.guestRead(BASE, 1);
      for (let steps = 0; steps < 10; steps++) if (access.next().done) return true;
      return false;
    },
  },
  kvmReloadsApicInStart: {
    shows: "what is left of an APIC page that a vCPU looked up while a window was open",
    base: "v5.2",
    results: [[false, "----"], [true, "W---"]],
    program(profile) {
      const { user, device } = driver("kvm", profile);
      if (!(device instanceof KvmListener)) throw new TypeError("Cannot make a guest");
      device.addMemslot(0, BASE, 1, true);
      const window = windowOver(user, MMU_NOTIFY_CLEAR);
      mmuNotifierInvalidateRangeStart(window);
      drain(device.guestRead(BASE, 1));
      mmuNotifierInvalidateRangeEnd(window);
      return entries(device);
    },
  },
  odpKeepsLockOnEagain: {
    shows: "locks that ODP keeps after it has refused a window",
    base: "v5.2",
    results: [[false, 0], [true, 1]],
    program(profile) {
      const { user, device } = driver("odp", profile);
      if (!(device instanceof OdpListener)) throw new TypeError("Cannot make an ODP device");
      drain(device.regMr(BASE, 4, true));
      mmuNotifierInvalidateRangeStartNonblock(windowOver(user, MMU_NOTIFY_UNMAP));
      return device.openWindows;
    },
  },
  i915Userptr: {
    shows: "how often i915 waits, and the references it keeps, if a signal is pending",
    base: "v5.2",
    results: [["worker", [2, 0]], ["direct", [0, 4]], ["interval", [1, 0]]],
    program(profile) {
      const { user, device } = driver("i915", profile, { signal: true });
      populate(device, "rw");
      pass(windowOver(user, MMU_NOTIFY_CLEAR));
      return [device.counters.waits, user.held];
    },
  },
  gntdevRefusesAlways: {
    shows: "grants left after a window that may sleep",
    base: "v5.2",
    results: [[false, "----"], [true, "WWWW"]],
    program(profile) {
      const { user, device } = driver("gntdev", profile);
      populate(device, "rw");
      pass(windowOver(user, MMU_NOTIFY_UNMAP));
      return entries(device);
    },
  },
  hmmLeaksNotifiers: {
    shows: "the answer to a window for which the mirror would have to block",
    base: "v5.2",
    results: [[false, -11], [true, 0]],
    program(profile) {
      const { user, device } = hmm(profile);
      populate(device, "rw");
      return mmuNotifierInvalidateRangeStartNonblock(windowOver(user, MMU_NOTIFY_UNMAP));
    },
  },
  hmmTouchingRanges: {
    shows: "whether a range stays valid that begins where a window ends",
    base: "v5.2",
    results: [[false, true], [true, false]],
    program(profile) {
      const { user, device } = hmm(profile);
      device.mirror(page(4), 4);
      mmuNotifierInvalidateRangeStart(windowOver(user, MMU_NOTIFY_CLEAR, 0, 4));
      return device.isValid(page(4));
    },
  },
  hmmValidFlagOnly: {
    shows: "how often a fault is repeated during which a window came and went",
    base: "v5.2",
    results: [[false, 1], [true, 0]],
    program(profile) {
      const { user, device } = hmm(profile);
      device.mirror(BASE, 1);
      const access = device.deviceRead(BASE, 1);
      access.next();
      pass(windowOver(user, MMU_NOTIFY_CLEAR, 0, 1));
      drain(access);
      return device.counters.retries;
    },
  },
  hfi1OnlyUnmap: {
    shows: "what hfi1 has left after a CLEAR window",
    base: "v5.2",
    results: [[false, "----"], [true, "WWWW"]],
    program(profile) {
      const { user, device } = driver("hfi1", profile);
      populate(device, "rw");
      pass(windowOver(user, MMU_NOTIFY_CLEAR));
      return entries(device);
    },
  },
};
