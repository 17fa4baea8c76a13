import { assert, assertEquals, assertThrows } from "@std/assert";
import { PAGE_SIZE } from "../../lib/kernel/address.ts";
import type { FaultName } from "../../lib/kernel/faults.ts";
import { drain } from "../../lib/kernel/operation.ts";
import type { ListenerCounters } from "../../lib/listeners/counters.ts";
import { KvmListener } from "../../lib/listeners/kvm.ts";
import { OdpListener } from "../../lib/listeners/odp.ts";
import { PinnedMrListener } from "../../lib/listeners/pinned_mr.ts";
import {
  actionsByEvent,
  POLICIES,
  POLICY_ACTIONS,
  resolvePolicy,
} from "../../lib/listeners/policy.ts";
import { createListener } from "../../lib/listeners/registry.ts";
import { mmuNotifierRegister } from "../../lib/notifier/chain.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../../lib/notifier/dispatch.ts";
import {
  EVENT_NAMES,
  type EventName,
  MMU_NOTIFIER_USE_CHANGE_PTE,
  MMU_NOTIFY_MIGRATE,
  type MmuNotifierEvent,
  mmuNotifierRangeInit,
  VM_READ,
  WINDOW_EVENT_NAMES,
} from "../../lib/notifier/range.ts";
import { fakeMm, FakeUserPages } from "./fake_user_pages.ts";

const RAM = 0x10_0000_0000;
const PAGES = 4;

/** One window over a device that has translations for half of its pages writable, half read-only. */
interface Cell {
  readonly kind: "kvm" | "odp" | "pinned_mr";
  readonly policy: string;
  readonly event: EventName;
  readonly vmFlags?: number;
  readonly changePte?: true;
  readonly readOnlyMr?: true;
  /** What is left of the four pages: R read-only, W writable, - gone. */
  readonly left: string;
  /** Empty tables freed. */
  readonly freed?: number;
  readonly faults?: readonly FaultName[];
}

const CELLS: readonly Cell[] = [
  // KVM, table 3.12: legacy drops and frees on every event.
  ...EVENT_NAMES.map((event): Cell => ({
    kind: "kvm",
    policy: "legacy",
    event,
    left: "----",
    freed: 1,
  })),
  { kind: "kvm", policy: "legacy", event: "CLEAR", changePte: true, left: "----", freed: 1 },
  // The follow-up differs only where change_pte is promised.
  ...EVENT_NAMES.map((event): Cell => ({
    kind: "kvm",
    policy: "followup",
    event,
    left: "----",
    freed: 1,
  })),
  { kind: "kvm", policy: "followup", event: "CLEAR", changePte: true, left: "WWRR" },
  { kind: "kvm", policy: "ideal", event: "UNMAP", left: "----", freed: 1 },
  { kind: "kvm", policy: "ideal", event: "CLEAR", left: "----", freed: 0 },
  { kind: "kvm", policy: "ideal", event: "CLEAR", changePte: true, left: "WWRR" },
  { kind: "kvm", policy: "ideal", event: "PROTECTION_VMA", left: "RRRR" },
  { kind: "kvm", policy: "ideal", event: "PROTECTION_VMA", vmFlags: 0, left: "----", freed: 0 },
  { kind: "kvm", policy: "ideal", event: "PROTECTION_PAGE", left: "RRRR" },
  { kind: "kvm", policy: "ideal", event: "SOFT_DIRTY", left: "RRRR" },
  // ODP, a writable MR.
  ...EVENT_NAMES.map((event): Cell => ({ kind: "odp", policy: "legacy", event, left: "----" })),
  ...EVENT_NAMES.map((event): Cell => ({ kind: "odp", policy: "followup", event, left: "----" })),
  { kind: "odp", policy: "ideal", event: "UNMAP", left: "----" },
  { kind: "odp", policy: "ideal", event: "CLEAR", left: "----" },
  { kind: "odp", policy: "ideal", event: "PROTECTION_VMA", left: "RRRR" },
  { kind: "odp", policy: "ideal", event: "PROTECTION_VMA", vmFlags: 0, left: "----" },
  { kind: "odp", policy: "ideal", event: "PROTECTION_PAGE", left: "----" },
  { kind: "odp", policy: "ideal", event: "SOFT_DIRTY", left: "----" },
  // ODP, a read-only MR.
  ...EVENT_NAMES.map((event): Cell => ({
    kind: "odp",
    policy: "legacy",
    event,
    readOnlyMr: true,
    left: "----",
  })),
  ...EVENT_NAMES.map((event): Cell => ({
    kind: "odp",
    policy: "followup",
    event,
    readOnlyMr: true,
    left: event === "PROTECTION_VMA" ? "RRRR" : "----",
  })),
  {
    kind: "odp",
    policy: "followup",
    event: "PROTECTION_VMA",
    vmFlags: 0,
    readOnlyMr: true,
    left: "----",
  },
  { kind: "odp", policy: "ideal", event: "UNMAP", readOnlyMr: true, left: "----" },
  { kind: "odp", policy: "ideal", event: "CLEAR", readOnlyMr: true, left: "----" },
  { kind: "odp", policy: "ideal", event: "PROTECTION_VMA", readOnlyMr: true, left: "RRRR" },
  {
    kind: "odp",
    policy: "ideal",
    event: "PROTECTION_VMA",
    vmFlags: 0,
    readOnlyMr: true,
    left: "----",
  },
  { kind: "odp", policy: "ideal", event: "PROTECTION_PAGE", readOnlyMr: true, left: "RRRR" },
  { kind: "odp", policy: "ideal", event: "SOFT_DIRTY", readOnlyMr: true, left: "RRRR" },
  // The pinned MR does nothing on anything.
  ...["legacy", "followup", "ideal"].flatMap((policy) =>
    EVENT_NAMES.map((event): Cell => ({ kind: "pinned_mr", policy, event, left: "WWWW" }))
  ),
  // Injected mistakes.
  { kind: "kvm", policy: "legacy", event: "UNMAP", faults: ["ignore_start"], left: "WWRR" },
  { kind: "odp", policy: "legacy", event: "UNMAP", faults: ["ignore_start"], left: "WWWW" },
  {
    kind: "kvm",
    policy: "ideal",
    event: "SOFT_DIRTY",
    faults: ["ignore_soft_dirty"],
    left: "WWRR",
  },
];

for (const cell of CELLS) {
  const { kind, policy, event, left } = cell;
  const details = [
    cell.vmFlags === 0 ? "no VM_READ" : "",
    cell.changePte ? "USE_CHANGE_PTE" : "",
    cell.readOnlyMr ? "read-only MR" : "",
    ...(cell.faults ?? []),
  ].filter((word) => word !== "").join(", ");
  Deno.test(`policy ${kind}/${policy} on ${event}${details && ` (${details})`} leaves ${left}`, () => {
    const user = new FakeUserPages(fakeMm("v5-series", cell.faults));
    const { listener, counters } = populated(user, cell);
    if (listener.ops !== null) mmuNotifierRegister(listener.ops, user.mm);
    const before = entries(listener);
    const range = mmuNotifierRangeInit(
      EVENT_NAMES.indexOf(event) as MmuNotifierEvent,
      cell.changePte ? MMU_NOTIFIER_USE_CHANGE_PTE : 0,
      { start: RAM, end: RAM + PAGES * PAGE_SIZE, flags: cell.vmFlags ?? VM_READ },
      user.mm,
      RAM,
      RAM + PAGES * PAGE_SIZE,
    );
    mmuNotifierInvalidateRangeStart(range);
    assertEquals(entries(listener), left);
    mmuNotifierInvalidateRangeEnd(range);
    assertEquals(entries(listener), left);
    assertEquals(user.held, 0);
    checkCounters(counters, before, cell);
  });
}

function checkCounters(counters: ListenerCounters, before: string, cell: Cell): void {
  if (cell.kind === "pinned_mr") return;
  const { left } = cell;
  const gone = [...left].filter((page) => page === "-").length;
  const downgraded = [...left].filter((page, n) => page === "R" && before[n] === "W").length;
  assertEquals(counters.windows, 1);
  assertEquals(counters.dropped, gone);
  assertEquals(counters.kept, PAGES - gone);
  assertEquals(counters.downgraded, downgraded);
  assertEquals(counters.skipped, left === before ? 1 : 0);
  assertEquals(counters.tlb_flushes, left === before ? 0 : 1);
  assertEquals(counters.tracking_freed, cell.freed ?? 0);
}

function populated(user: FakeUserPages, cell: Cell) {
  const init = { name: "dev", user, policy: resolvePolicy(cell.kind, cell.policy) };
  user.mmap(RAM, 2, true, "rw");
  user.mmap(RAM + 2 * PAGE_SIZE, 2, cell.kind !== "kvm", "r");
  if (cell.kind === "kvm") {
    const listener = new KvmListener(init);
    listener.addMemslot(0, RAM, PAGES);
    drain(listener.guestRead(RAM, PAGES));
    return { listener, counters: listener.counters };
  }
  const listener = cell.kind === "odp" ? new OdpListener(init) : new PinnedMrListener(init);
  drain(listener.regMr(RAM, PAGES, !cell.readOnlyMr));
  drain(listener.rdmaRead(RAM, PAGES));
  return { listener, counters: listener.counters };
}

function entries(listener: KvmListener | OdpListener | PinnedMrListener): string {
  return Array.from({ length: PAGES }, (_, page) => {
    const entry = listener.entryAt(RAM + page * PAGE_SIZE);
    return entry === undefined ? "-" : entry.writable ? "W" : "R";
  }).join("");
}

Deno.test("every kind has the three policies, each with an action per event", () => {
  for (const policies of Object.values(POLICIES)) {
    assertEquals(Object.keys(policies), ["legacy", "followup", "ideal"]);
    for (const [name, policy] of Object.entries(policies)) {
      assertEquals(policy.name, name);
      assertEquals(Object.keys(policy.events), [...EVENT_NAMES]);
    }
  }
});

Deno.test("resolvePolicy() names what it expected", () => {
  assertThrows(() => resolvePolicy("kvm", "best"), RangeError, "legacy, followup, ideal");
  assertThrows(() => resolvePolicy("tpu", "legacy"), RangeError, "kvm, odp, odp_implicit");
  assertThrows(
    () => resolvePolicy("odp", JSON.parse('{"events":{"CLEAR":"forget"}}')),
    RangeError,
    "drop_and_free",
  );
  assertThrows(
    () => resolvePolicy("odp", JSON.parse('{"events":{"MIGRATE":"drop"}}')),
    RangeError,
    "SOFT_DIRTY",
  );
});

Deno.test("createListener() makes each kind and checks its options", () => {
  const user = new FakeUserPages();
  for (const kind of ["kvm", "odp", "pinned_mr"]) {
    const listener = createListener({ kind, name: "dev", user, policy: "ideal" });
    assertEquals([listener.kind, listener.name], [kind, "dev"]);
    assertEquals(listener.ops === null, kind === "pinned_mr");
    listener.close();
  }
  const make = (kind: string, options: Record<string, boolean | number>) => () =>
    createListener({ kind, name: "dev", user, policy: "legacy", options });
  assertEquals(make("pinned_mr", { softDirty: true })().ops === null, false);
  assertThrows(make("pinned_mr", { softDirty: 1 }), TypeError, "true or false");
  assertThrows(make("kvm", { softDirty: true }), RangeError, "options are none");
  assertThrows(make("gpu", {}), RangeError, "kvm, odp, pinned_mr");
});

Deno.test("createListener() takes costs by name and refuses unknown ones", () => {
  const user = new FakeUserPages();
  const make = (costs: Record<string, number>) =>
    createListener({ kind: "kvm", name: "dev", user, policy: "legacy", costs });
  make({ kvm_window: 0 });
  assertThrows(() => make({ kvm_windows: 0 }), RangeError, "kvm_window");
  assertThrows(() => make({ kvm_window: -1 }), RangeError, "0 or more");
});

Deno.test("a MIGRATE window is answered as CLEAR", () => {
  const policy = resolvePolicy("gntdev", "ideal");
  assertEquals(actionsByEvent(policy)[MMU_NOTIFY_MIGRATE], policy.events.CLEAR);
});

Deno.test("every event that a window may have gets an action", () => {
  const actions = actionsByEvent(resolvePolicy("kvm", "ideal"));
  assertEquals(actions.length, WINDOW_EVENT_NAMES.length);
  assert(actions.every((action) => action in POLICY_ACTIONS));
});
