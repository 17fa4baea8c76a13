import { assert } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import { drain } from "../../lib/kernel/operation.ts";
import { HmmListener } from "../../lib/listeners/hmm.ts";
import { OdpListener } from "../../lib/listeners/odp.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../../lib/notifier/dispatch.ts";
import { MMU_NOTIFY_CLEAR } from "../../lib/notifier/range.ts";
import { BASE, make, windowOver } from "./driver_setup.ts";
import { fakeMm, FakeUserPages } from "./fake_user_pages.ts";

const LISTENERS = 64;

/** Many listeners, half of them mirrors, with ranges of one page; the first is an ODP NIC. */
function crowd(ranges: number) {
  const user = new FakeUserPages(fakeMm("v5.2", [], 0));
  const place = (n: number) => BASE + n * 2 * PAGE_SIZE;
  let first: OdpListener | undefined;
  for (let which = 0; which < LISTENERS; which++) {
    const listener = make(which % 2 === 0 ? "odp" : "hmm", user);
    for (let n = 0; n < ranges; n++) {
      if (listener instanceof OdpListener) drain(listener.regMr(place(n), 1, true));
      else if (listener instanceof HmmListener) listener.mirror(place(n), 1);
    }
    if (listener instanceof OdpListener) first ??= listener;
  }
  assert(first !== undefined);
  return { user, nic: first, place };
}

/** The median of repeated work in microseconds: the machine may be busy. */
function median(work: () => void): number {
  const times = Array.from({ length: 401 }, () => {
    const before = performance.now();
    work();
    return (performance.now() - before) * 1000;
  });
  return times.sort((a, b) => a - b)[200];
}

Deno.test("one page among many ranges of 64 listeners is found without looking at all", () => {
  const few = crowd(100);
  const many = crowd(3200);
  const pass = ({ user }: { user: FakeUserPages }) => () => {
    const range = windowOver(user, MMU_NOTIFY_CLEAR, 100, 1);
    mmuNotifierInvalidateRangeStart(range);
    mmuNotifierInvalidateRangeEnd(range);
  };
  median(pass(few));
  const [slow, fast] = [median(pass(many)), median(pass(few))];
  assert(slow < 400, `a window took ${slow} us`);
  assert(slow < 8 * fast + 20, `32 times the ranges took ${slow} us instead of ${fast}`);
});

Deno.test("registering a range and dropping it does not depend on how many there are", () => {
  const churn = ({ nic, place }: ReturnType<typeof crowd>) => () => {
    drain(nic.deregMr(drain(nic.regMr(place(50), 1, true))));
  };
  const few = churn(crowd(100));
  median(few);
  const [slow, fast] = [median(churn(crowd(3200))), median(few)];
  assert(slow < 8 * fast + 20, `32 times the ranges took ${slow} us instead of ${fast}`);
});
