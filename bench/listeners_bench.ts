/**
 * Many listeners with many ranges: what one invalidation of one page costs, and what it costs to
 * register a range and to drop it.
 *
 * Run with `deno run bench/listeners_bench.ts [RANGES]`; 64 listeners with 100,000 ranges each take
 * some 2 GB. Windows over one page again and again show what the search itself costs; windows at
 * random places wait for memory, too. Windows over pages that every device uses, each once, also
 * drop an entry of every listener.
 *
 * @module
 */

// deno-lint-ignore-file no-console

import { PAGE_SIZE } from "../lib/kernel/address.ts";
import { drain } from "../lib/kernel/operation.ts";
import { Rng } from "../lib/kernel/rng.ts";
import { HmmListener } from "../lib/listeners/hmm.ts";
import { KvmListener } from "../lib/listeners/kvm.ts";
import { OdpListener } from "../lib/listeners/odp.ts";
import { resolvePolicy } from "../lib/listeners/policy.ts";
import type { UserPages } from "../lib/mm/user_pages.ts";
import { mmuNotifierRegister } from "../lib/notifier/chain.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../lib/notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR, mmuNotifierRangeInit } from "../lib/notifier/range.ts";
import { BASE, mappedPages, STRIDE } from "./user_pages.ts";

const LISTENERS = 64;
const WINDOWS = 2_000;

/** One listener. */
interface Subject {
  /** Registers one more range and returns how to drop it. */
  register(start: number): () => void;
  /** Lets the device read a page of a range. */
  use(start: number): void;
}

function odp(user: UserPages): Subject {
  const nic = new OdpListener({ name: "nic", user, policy: resolvePolicy("odp", "legacy") });
  mmuNotifierRegister(nic.ops, user.mm);
  return {
    register: (start) => {
      const key = drain(nic.regMr(start, 1, true));
      return () => void drain(nic.deregMr(key));
    },
    use: (start) => void drain(nic.rdmaRead(start, 1)),
  };
}

function hmm(user: UserPages): Subject {
  const device = new HmmListener({ name: "gpu", user, policy: resolvePolicy("hmm", "legacy") });
  mmuNotifierRegister(device.ops, user.mm);
  return {
    register: (start) => {
      device.mirror(start, 1);
      return () => {};
    },
    use: (start) => void drain(device.deviceRead(start, 1)),
  };
}

function kvm(user: UserPages): Subject {
  const vm = new KvmListener({ name: "vm", user, policy: resolvePolicy("kvm", "legacy") });
  mmuNotifierRegister(vm.ops, user.mm);
  return {
    register: (start) => {
      vm.addMemslot(start - BASE, start, 1);
      return () => void vm.removeMemslot(start - BASE);
    },
    use: (start) => void drain(vm.guestRead(start, 1)),
  };
}

/** Time of a piece of work in microseconds. */
function micros(work: () => void): number {
  const before = performance.now();
  work();
  return (performance.now() - before) * 1000;
}

/** Median of many windows of one page, in microseconds. */
function windowTime(user: UserPages, place: () => number): number {
  const times = new Float64Array(WINDOWS);
  for (let n = 0; n < WINDOWS; n++) {
    const start = BASE + place() * STRIDE;
    const end = start + PAGE_SIZE;
    times[n] = micros(() => {
      const range = mmuNotifierRangeInit(MMU_NOTIFY_CLEAR, 0, null, user.mm, start, end);
      mmuNotifierInvalidateRangeStart(range);
      mmuNotifierInvalidateRangeEnd(range);
    });
  }
  return times.sort()[WINDOWS / 2];
}

function main(ranges: number): void {
  const user = mappedPages();
  const subjects = Array.from({ length: LISTENERS }, (_, n) => [odp, hmm, kvm][n % 8 % 3](user));
  const filling = micros(() => {
    for (const subject of subjects) {
      for (let n = 0; n < ranges; n++) subject.register(BASE + n * STRIDE);
    }
  });
  const churn = micros(() => {
    for (let n = 0; n < 10_000; n++) subjects[0].register(BASE + (n * 7919) % ranges * STRIDE)();
  });
  const rng = new Rng(1);
  const random = () => rng.below(ranges);
  windowTime(user, random);
  const cold = windowTime(user, random);
  const hot = windowTime(user, () => ranges >> 1);
  const used = Array.from({ length: WINDOWS }, random);
  for (const { use } of subjects) for (const place of used) use(BASE + place * STRIDE);
  const mapped = windowTime(user, () => used.pop()!);
  const each = (us: number, count: number) => (us / count).toFixed(2);
  console.log(`${LISTENERS} listeners with ${ranges} ranges each`);
  console.log(`  registering one range              ${each(filling, ranges * LISTENERS)} us`);
  console.log(`  registering and dropping one       ${each(churn, 10_000)} us`);
  console.log(`  one page, the same again (median)  ${hot.toFixed(1)} us`);
  console.log(`  one page, at random (median)       ${cold.toFixed(1)} us`);
  console.log(`  one page that all use (median)     ${mapped.toFixed(1)} us`);
}

main(Number(Deno.args[0] ?? 100_000));
