import { assertEquals } from "@std/assert";
import { POLICIES } from "../../lib/listeners/policy.ts";
import {
  mmuNotifierInvalidateRangeEnd,
  mmuNotifierInvalidateRangeStart,
} from "../../lib/notifier/dispatch.ts";
import { EVENT_NAMES, type MmuNotifierEvent } from "../../lib/notifier/range.ts";
import { entries, make, PAGES, populate, references, windowOver } from "./driver_setup.ts";
import { fakeMm, FakeUserPages } from "./fake_user_pages.ts";

/** What a window leaves of four pages: see {@linkcode outcome}. */
type Outcome = string;

/** Kind, access, policy, then one outcome per event in the order of their codes. */
type Row = readonly [string, "ro" | "rw", string, ...Outcome[]];

const ALL = (left: Outcome): Outcome[] => EVENT_NAMES.map(() => left);

/** Windows over page 1 of 4: who acts on the page, who on the whole object, who not at all. */
const ONE_PAGE: readonly Row[] = [
  ["kvm", "rw", "legacy", ...ALL("W-WW")],
  ["kvm", "rw", "followup", ...ALL("W-WW")],
  ["kvm", "rw", "ideal", "W-WW", "W-WW", "WRWW", "WRWW", "WRWW"],
  ["kvm", "ro", "legacy", ...ALL("R-RR")],
  ["kvm", "ro", "followup", ...ALL("R-RR")],
  ["kvm", "ro", "ideal", "R-RR", "R-RR", "RRRR", "RRRR", "RRRR"],

  ["odp", "rw", "legacy", ...ALL("W-WW")],
  ["odp", "rw", "followup", ...ALL("W-WW")],
  ["odp", "rw", "ideal", "W-WW", "W-WW", "WRWW", "W-WW", "W-WW"],
  ["odp", "ro", "legacy", ...ALL("R-RR")],
  ["odp", "ro", "followup", "R-RR", "R-RR", "RRRR", "R-RR", "R-RR"],
  ["odp", "ro", "ideal", "R-RR", "R-RR", "RRRR", "RRRR", "RRRR"],

  ["odp_implicit", "rw", "legacy", ...ALL("W-WW")],
  ["odp_implicit", "rw", "followup", ...ALL("W-WW")],
  ["odp_implicit", "rw", "ideal", "W-WW", "W-WW", "WRWW", "W-WW", "W-WW"],
  ["odp_implicit", "ro", "legacy", ...ALL("R-RR")],
  ["odp_implicit", "ro", "followup", "R-RR", "R-RR", "RRRR", "R-RR", "R-RR"],
  ["odp_implicit", "ro", "ideal", "R-RR", "R-RR", "RRRR", "RRRR", "RRRR"],

  ["pinned_mr", "rw", "legacy", ...ALL("WWWW")],
  ["pinned_mr", "rw", "followup", ...ALL("WWWW")],
  ["pinned_mr", "rw", "ideal", ...ALL("WWWW")],
  ["pinned_mr", "ro", "legacy", ...ALL("RRRR")],
  ["pinned_mr", "ro", "followup", ...ALL("RRRR")],
  ["pinned_mr", "ro", "ideal", ...ALL("RRRR")],

  ["amdgpu_gfx", "rw", "legacy", ...ALL("---- held")],
  ["amdgpu_gfx", "rw", "followup", ...ALL("---- held")],
  ["amdgpu_gfx", "rw", "ideal", "---- freed", "----", "----", "----", "WWWW"],
  ["amdgpu_gfx", "ro", "legacy", ...ALL("---- held")],
  ["amdgpu_gfx", "ro", "followup", ...ALL("---- held")],
  ["amdgpu_gfx", "ro", "ideal", "---- freed", "----", "RRRR", "RRRR", "RRRR"],

  ["amdgpu_hsa", "rw", "legacy", ...ALL("---- held stopped")],
  ["amdgpu_hsa", "rw", "followup", ...ALL("---- held stopped")],
  [
    ...["amdgpu_hsa", "rw", "ideal"] as const,
    "---- freed",
    "---- held stopped",
    "---- held stopped",
    "---- held stopped",
    "WWWW",
  ],
  ["amdgpu_hsa", "ro", "legacy", ...ALL("---- held stopped")],
  [
    ...["amdgpu_hsa", "ro", "followup"] as const,
    "---- held stopped",
    "---- held stopped",
    "RRRR",
    "---- held stopped",
    "---- held stopped",
  ],
  ["amdgpu_hsa", "ro", "ideal", "---- freed", "---- held stopped", "RRRR", "RRRR", "RRRR"],

  ["radeon", "rw", "legacy", ...ALL("----")],
  ["radeon", "rw", "followup", ...ALL("----")],
  ["radeon", "rw", "ideal", "----", "----", "----", "----", "WWWW"],
  ["radeon", "ro", "legacy", ...ALL("----")],
  ["radeon", "ro", "followup", "----", "----", "RRRR", "----", "----"],
  ["radeon", "ro", "ideal", "----", "----", "RRRR", "RRRR", "RRRR"],

  ["i915", "rw", "legacy", ...ALL("----")],
  ["i915", "rw", "followup", ...ALL("----")],
  ["i915", "rw", "ideal", "----", "----", "----", "----", "WWWW"],
  ["i915", "ro", "legacy", ...ALL("----")],
  ["i915", "ro", "followup", "----", "----", "RRRR", "----", "----"],
  ["i915", "ro", "ideal", "----", "----", "RRRR", "RRRR", "RRRR"],

  ["gntdev", "rw", "legacy", ...ALL("W-WW")],
  ["gntdev", "rw", "followup", ...ALL("W-WW")],
  ["gntdev", "rw", "ideal", "W-WW", "WWWW", "WWWW", "WWWW", "WWWW"],

  ["hmm", "rw", "legacy", ...ALL("W-WW")],
  ["hmm", "rw", "followup", ...ALL("W-WW")],
  ["hmm", "rw", "ideal", "W-WW", "W-WW", "WRWW", "WWWW", "WRWW"],
  ["hmm", "ro", "legacy", ...ALL("R-RR")],
  ["hmm", "ro", "followup", ...ALL("R-RR")],
  ["hmm", "ro", "ideal", "R-RR", "R-RR", "RRRR", "RRRR", "RRRR"],

  ["sva", "rw", "legacy", ...ALL("W-WW")],
  ["sva", "rw", "followup", ...ALL("W-WW")],
  ["sva", "rw", "ideal", ...ALL("W-WW")],

  ["hfi1", "rw", "legacy", ...ALL("---- freed")],
  ["hfi1", "rw", "followup", ...ALL("---- freed")],
  ["hfi1", "rw", "ideal", "---- freed", "WWWW", "WWWW", "WWWW", "WWWW"],
];

/** Windows over all four pages, where that tells more: objects that become empty. */
const ALL_PAGES: readonly Row[] = [
  ["kvm", "rw", "legacy", ...ALL("---- freed")],
  ["kvm", "rw", "ideal", "---- freed", "----", "RRRR", "RRRR", "RRRR"],
  ["odp", "rw", "legacy", ...ALL("----")],
  ["odp_implicit", "rw", "legacy", ...ALL("---- freed")],
  ["odp_implicit", "rw", "followup", ...ALL("---- freed")],
  ["odp_implicit", "rw", "ideal", "---- freed", "----", "RRRR", "----", "----"],
  ["odp_implicit", "ro", "legacy", ...ALL("---- freed")],
  [
    ...["odp_implicit", "ro", "followup"] as const,
    "---- freed",
    "---- freed",
    "RRRR",
    "---- freed",
    "---- freed",
  ],
  ["gntdev", "rw", "legacy", ...ALL("----")],
  ["sva", "rw", "legacy", ...ALL("----")],
];

/** Outcomes where the vma may not be read: the read-only helper says no, so nothing is spared. */
const NO_VM_READ: readonly (readonly [string, "ro" | "rw", string, Outcome])[] = [
  ["kvm", "ro", "ideal", "R-RR"],
  ["odp", "ro", "followup", "R-RR"],
  ["odp", "ro", "ideal", "R-RR"],
  ["odp_implicit", "ro", "followup", "R-RR"],
  ["odp_implicit", "ro", "ideal", "R-RR"],
  ["amdgpu_gfx", "ro", "ideal", "----"],
  ["amdgpu_hsa", "ro", "followup", "---- held stopped"],
  ["amdgpu_hsa", "ro", "ideal", "---- held stopped"],
  ["radeon", "ro", "followup", "----"],
  ["radeon", "ro", "ideal", "----"],
  ["i915", "ro", "followup", "----"],
  ["i915", "ro", "ideal", "----"],
  ["hmm", "ro", "ideal", "R-RR"],
];

/** R read-only, W writable, - gone; then whether pages are still held, objects freed, queues stopped. */
function outcome(
  [kind, access, policy]: readonly [string, "ro" | "rw", string, ...Outcome[]],
  event: MmuNotifierEvent,
  window: { first: number; pages: number; vmFlags?: number },
): Outcome {
  const user = new FakeUserPages(fakeMm("v5-series"));
  user.mmap(BASE_OF_ALL, PAGES, true, access === "rw" || kind === "sva" ? "rw" : "r");
  const options = kind === "odp_implicit" ? { access } : {};
  const listener = make(kind, user, policy, options);
  populate(listener, access);
  const { counters } = listener;
  const range = windowOver(user, event, window.first, window.pages, window.vmFlags);
  mmuNotifierInvalidateRangeStart(range);
  mmuNotifierInvalidateRangeEnd(range);
  const left = entries(listener);
  assertEquals(counters.windows, kind === "pinned_mr" ? 0 : 1, "it saw one window");
  if (kind !== "pinned_mr" && kind !== "sva") {
    const gone = [...left].filter((entry) => entry === "-").length;
    assertEquals(counters.dropped, gone, "it counts what it lost");
    assertEquals(counters.skipped, counters.kept > 0 && counters.downgraded === 0 ? 1 : 0);
  }
  const words = [
    left,
    left === "----" && references(listener) > 0 ? "held" : "",
    counters.tracking_freed > 0 ? "freed" : "",
    counters.stalls > 0 ? "stopped" : "",
  ];
  listener.close();
  assertEquals([user.held, user.pins.size], [0, 0], "it gives everything back");
  return words.filter((word) => word !== "").join(" ");
}

const BASE_OF_ALL = windowOver(new FakeUserPages(), 0).start;

for (const row of ONE_PAGE) {
  const [kind, access, policy, ...expected] = row;
  Deno.test(`${kind} ${access} under ${policy}: windows over one page`, () => {
    const actual = EVENT_NAMES.map((_, event) =>
      outcome(row, event as MmuNotifierEvent, { first: 1, pages: 1 })
    );
    assertEquals(actual, expected);
  });
}

for (const row of ALL_PAGES) {
  const [kind, access, policy, ...expected] = row;
  Deno.test(`${kind} ${access} under ${policy}: windows over all pages`, () => {
    const actual = EVENT_NAMES.map((_, event) =>
      outcome(row, event as MmuNotifierEvent, { first: 0, pages: PAGES })
    );
    assertEquals(actual, expected);
  });
}

for (const row of NO_VM_READ) {
  const [kind, access, policy, expected] = row;
  Deno.test(`${kind} ${access} under ${policy}: PROTECTION_VMA without VM_READ`, () => {
    const code = EVENT_NAMES.indexOf("PROTECTION_VMA") as MmuNotifierEvent;
    assertEquals(outcome(row, code, { first: 1, pages: 1, vmFlags: 0 }), expected);
  });
}

Deno.test("the table has every kind under every policy", () => {
  const rows = new Set(ONE_PAGE.map(([kind, _access, policy]) => `${kind} ${policy}`));
  for (const [kind, policies] of Object.entries(POLICIES)) {
    if (kind === "custom") continue; // what a user's listener does is not ours to say
    for (const policy of Object.keys(policies)) assertEquals(rows.has(`${kind} ${policy}`), true);
  }
});

Deno.test("a policy of one's own changes single events of any kind", () => {
  const custom = { base: "legacy", events: { CLEAR: "keep", SOFT_DIRTY: "downgrade" } } as const;
  for (const [kind, clear, softDirty] of [["radeon", "WWWW", "----"], ["hmm", "WWWW", "WRWW"]]) {
    for (const [event, left] of [[1, clear], [4, softDirty]] as const) {
      const user = new FakeUserPages();
      user.mmap(BASE_OF_ALL, PAGES, true, "rw");
      const listener = make(kind, user, custom);
      populate(listener, "rw");
      const range = windowOver(user, event, 1, 1);
      mmuNotifierInvalidateRangeStart(range);
      mmuNotifierInvalidateRangeEnd(range);
      assertEquals(entries(listener), left, `${kind} ${event}`);
    }
  }
});
