import type { CustomContext, CustomListener, MmuNotifierRange } from "@mmulab/mmulab";
import { MMU_NOTIFY_PROTECTION_PAGE, mmuNotifierRangeUpdateToReadOnly } from "@mmulab/mmulab";

/** One translation of the device. */
interface Entry {
  pfn: number;
  writable: boolean;
}

/** A device with a page table of its own, which keeps read-only entries where it is safe. */
export default function myListener({ name, user, counters, fault }: CustomContext): CustomListener {
  const table = new Map<number, Entry>();
  let open = 0; // windows that are open now
  let seq = 0; // windows that have been closed

  /** Whether a read-only entry stays right whatever happens in the window. */
  const mayKeep = (range: MmuNotifierRange) =>
    range.event === MMU_NOTIFY_PROTECTION_PAGE || mmuNotifierRangeUpdateToReadOnly(range);

  return {
    name,
    invalidateRangeStart(range) {
      open++;
      for (const [address, { writable }] of table) {
        if (address < range.start || address >= range.end) continue;
        if (!writable && mayKeep(range)) {
          counters.kept++;
        } else {
          table.delete(address);
          counters.dropped++;
        }
      }
      return 0;
    },
    invalidateRangeEnd() {
      open--;
      seq++;
    },
    release: () => table.clear(),
    *translate(address, write) {
      for (;;) {
        const entry = table.get(address);
        if (entry && (entry.writable || !write)) return entry.pfn;
        fault(address, write);
        const before = seq;
        const pfn = yield* user.getUserPage(address, write);
        if (pfn < 0) return pfn;
        yield "before_retry_check";
        if (open === 0 && seq === before) table.set(address, { pfn, writable: write });
        else counters.retries++;
        user.putPage(pfn);
      }
    },
    forEachEntry(visit) {
      for (const [address, { pfn, writable }] of table) visit(address, pfn, writable);
    },
  };
}
