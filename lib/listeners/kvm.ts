/**
 * KVM on x86: a guest whose memory is user memory of one process, mapped by shadow entries.
 *
 * From virt/kvm/kvm_main.c (kvm_mmu_notifier_*, hva_to_pfn) and arch/x86/kvm/mmu.c
 * (tdp_page_fault, kvm_set_pte_rmapp, kvm_age_hva) of v5.2. Shadow entries are kept by host
 * address instead of guest frame, so a host page that two memslots map has one entry.
 *
 * @module
 */

import { hex, type Pfn, type Vaddr } from "../kernel/address.ts";
import { ERRNO } from "../kernel/errno.ts";
import type { Operation } from "../kernel/operation.ts";
import { KernelBugError } from "../kernel/violation.ts";
import {
  MMU_NOTIFIER_USE_CHANGE_PTE,
  type MmuNotifierRange,
  mmuNotifierRangeUseChangePte,
} from "../notifier/range.ts";
import type { MmuNotifierOps, NewPte } from "../notifier/ops.ts";
import { applyAction, decide, reportRecorded } from "./actions.ts";
import {
  beginFault,
  endFault,
  type ListenerInit,
  neverEnds,
  requirePages,
  RETRY_LIMIT,
  retryFault,
  spend,
} from "./device.ts";
import type { AccessUnit, PageContent, PageVisitor, Turn } from "./device_access.ts";
import type { ListenerRange, ListenerState } from "./listener.ts";
import { Memslots } from "./memslots.ts";
import { ENTRY_ACCESSED, ENTRY_PRESENT, ENTRY_WRITE } from "./secondary_leaf.ts";
import { TableListener } from "./table_listener.ts";

/** The callback that only a machine with an APIC page has. */
interface ApicOps {
  invalidateRange?: MmuNotifierOps["invalidateRange"];
}

/** A virtual machine that listens on the process that runs it. */
export class KvmListener extends TableListener {
  /** Kind of driver. */
  override readonly kind: "kvm" = "kvm";
  /** The callbacks to register. */
  override readonly ops: MmuNotifierOps & Pick<ApicOps, "invalidateRange">;
  /** What accesses go through. */
  protected override readonly unit: AccessUnit;
  readonly #slots = new Memslots();
  readonly #retryRange: boolean;
  /** The page that vCPUs have as their APIC, outside of the shadow entries; or -1. */
  #apic: Vaddr = -1;
  /** kvm->mmu_notifier_seq. */
  #seq = 0;
  /** kvm->mmu_notifier_count. */
  #count = 0;
  /** Windows open anywhere in the process, kept since v5.12: mn_active_invalidate_count. */
  #active = 0;
  /** Span of the open windows, kept since v5.12: mmu_notifier_range_start and _end. */
  #spanStart = 0;
  #spanEnd = 0;

  /**
   * Makes a virtual machine without memory.
   *
   * @param init Name, process, policy and costs.
   */
  constructor(init: ListenerInit) {
    super(init);
    this.#retryRange = init.user.mm.notifierContext.profile.kvmRetry === "range";
    this.unit = {
      table: this.table,
      fault: (address, write, turn) => this.#fault(address, write, turn),
      faultAtOnce: (address, write) => this.#faultAtOnce(address, write),
    };
    this.ops = {
      name: init.name,
      release: () => this.close(), // kvm_arch_flush_shadow_all
      invalidateRangeStart: (range) => this.#start(range),
      invalidateRangeEnd: (range) => this.#end(range),
      changePte: (_mm, address, pte) => this.#changePte(address, pte),
      clearFlushYoung: (_mm, start, end) => this.#clearYoung(start, end, true),
      clearYoung: (_mm, start, end) => this.#clearYoung(start, end, false),
      testYoung: (_mm, address) => (this.table.flagsAt(address) & ENTRY_ACCESSED) !== 0,
    };
  }

  /** Windows that block installs now: mmu_notifier_count. */
  get openWindows(): number {
    return this.#count;
  }

  /**
   * Gives the guest memory. From virt/kvm/kvm_main.c: __kvm_set_memory_region.
   *
   * @param gpa First guest physical address, page aligned.
   * @param start First page of the host range.
   * @param pages Number of pages.
   * @param apic Whether the first page is the APIC of the vCPUs, which look it up without a check
   * for windows (arch/x86/kvm/vmx/vmx.c: vmx_set_apic_access_page_addr).
   * @returns 0; -EEXIST if the guest range overlaps another slot's; or -EAGAIN while a window is
   * open, for whose end KVM waits since v5.12.
   */
  addMemslot(gpa: number, start: Vaddr, pages: number, apic = false): number {
    requirePages("register a memslot", start, pages);
    requirePages("register a memslot", gpa, pages);
    if (this.#waitsForWindows()) return -ERRNO.EAGAIN;
    if (apic) this.#setApic(start);
    return this.#slots.add(gpa, start, pages);
  }

  /**
   * Takes memory from the guest, with its shadow entries and tables; faults in flight look again.
   * From arch/x86/kvm/x86.c: kvm_arch_flush_shadow_memslot.
   *
   * @param gpa First guest physical address of the slot.
   * @returns 0, -ENOENT, or -EAGAIN as for {@linkcode KvmListener.addMemslot}.
   */
  removeMemslot(gpa: number): number {
    if (this.#waitsForWindows()) return -ERRNO.EAGAIN;
    const slot = this.#slots.remove(gpa);
    if (slot === undefined) return -ERRNO.ENOENT;
    const { start, end } = slot;
    this.table.dropRange(start, end, ENTRY_PRESENT, true, this.device.reportDirty);
    this.#seq++;
    return 0;
  }

  /**
   * Writes pages from inside the guest.
   *
   * @param start First page, as host address.
   * @param pages Number of pages.
   * @param content What to store, by page from 0.
   * @returns 0, -EFAULT where the process has no such page, or -ENXIO outside guest memory.
   */
  guestWrite(start: Vaddr, pages: number, content: PageContent): Operation<number> {
    return this.write(start, pages, content);
  }

  /**
   * Reads pages from inside the guest.
   *
   * @param start First page, as host address.
   * @param pages Number of pages.
   * @param visit Receives the content, by page from 0.
   * @returns As {@linkcode KvmListener.guestWrite}.
   */
  guestRead(start: Vaddr, pages: number, visit: PageVisitor | null = null): Operation<number> {
    return this.read(start, pages, visit);
  }

  /**
   * Lists the memslots.
   *
   * @returns Their host ranges, with the guest address as label.
   */
  ranges(): ListenerRange[] {
    return this.#slots.list().map(({ gpa, start, end }) => ({
      start,
      end,
      label: `memslot at gpa ${hex(gpa)}`,
    }));
  }

  /**
   * Tells what faults are checked against.
   *
   * @returns mmu_notifier_seq and mmu_notifier_count.
   */
  state(): ListenerState {
    return { mmu_notifier_seq: this.#seq, mmu_notifier_count: this.#count };
  }

  /** kvm_mmu_notifier_invalidate_range_start; never sleeps, so it agrees to non-blocking. */
  #start(range: MmuNotifierRange): number {
    const device = this.device;
    const { counters, costs } = device;
    counters.windows++;
    this.#active++;
    const keptBefore = counters.kept;
    let changed = 0;
    if (this.#ignores(range)) {
      applyAction(device, this.table, range, "keep");
    } else if (this.#concerns(range)) {
      this.#open(range);
      const freedBefore = this.table.freed;
      const action = decide(device, range, false);
      changed = applyAction(device, this.table, range, action);
      const freed = this.table.freed - freedBefore;
      counters.tracking_freed += freed;
      const each = action === "downgrade" ? costs.kvm_spte_update : costs.kvm_spte_drop;
      spend(device, costs.kvm_window + changed * each + freed * costs.kvm_shadow_table_free);
      if (changed > 0) this.#flushRemoteTlbs();
    }
    if (changed === 0 && counters.kept > keptBefore) counters.skipped++;
    return 0;
  }

  /** kvm_mmu_notifier_invalidate_range_end. */
  #end(range: MmuNotifierRange): void {
    this.#active--;
    if (this.#ignores(range) || !this.#concerns(range)) return;
    this.#seq++;
    this.#count--;
    if (this.#count < 0) {
      throw new KernelBugError(
        "kvm_mmu_notifier_invalidate_range_end",
        `mmu_notifier_count of "${this.name}" fell below zero: an end came without its start`,
      );
    }
    const device = this.device;
    if (device.recording && decide(device, range, false) === "record_writes") {
      reportRecorded(device, this.table, range);
    }
  }

  /** The follow-up: windows that promise change_pte for every change need no start and end. */
  #ignores(range: MmuNotifierRange): boolean {
    if (!this.device.policy.useChangePte) return false;
    if (mmuNotifierRangeUseChangePte(range)) return true;
    const { event, site } = range;
    const { faults } = this.device.user.mm.notifierContext;
    return (event & MMU_NOTIFIER_USE_CHANGE_PTE) !== 0 && faults.has("flag_in_event", site);
  }

  /** Since v5.12 the lock is not even taken for a window beside all memslots (__kvm_handle_hva_range). */
  #concerns({ start, end }: MmuNotifierRange): boolean {
    return !this.#retryRange || this.#slots.overlaps(start, end);
  }

  /** Memslots may not change between a start and its end (install_new_memslots). */
  #waitsForWindows(): boolean {
    return this.#retryRange && this.#active > 0;
  }

  /** Raises the count and widens the span of the open windows (kvm_inc_notifier_count). */
  #open(range: MmuNotifierRange): void {
    this.#count++;
    const alone = this.#count === 1;
    this.#spanStart = alone ? range.start : Math.min(this.#spanStart, range.start);
    this.#spanEnd = alone ? range.end : Math.max(this.#spanEnd, range.end);
  }

  /** kvm_mmu_notifier_change_pte and kvm_set_pte_rmapp. */
  #changePte(address: Vaddr, pte: NewPte): void {
    const device = this.device;
    const { counters } = device;
    counters.change_pte++;
    if (device.user.mm.notifierContext.faults.has("ignore_change_pte")) return;
    this.#seq++;
    const flags = this.table.flagsAt(address);
    if (flags === 0) return;
    device.reportDirty(this.table.pfnAt(address), flags);
    if (pte.writable) {
      this.table.clear(address);
      counters.dropped++;
      spend(device, device.costs.kvm_spte_drop);
    } else {
      this.table.set(address, pte.pfn, ENTRY_PRESENT);
      counters.rewritten++;
      spend(device, device.costs.kvm_spte_update);
    }
    this.#flushRemoteTlbs();
  }

  #clearYoung(start: Vaddr, end: Vaddr, flush: boolean): boolean {
    const young = this.table.clearFlagRange(start, end, ENTRY_ACCESSED) > 0;
    if (young && flush) this.#flushRemoteTlbs();
    return young;
  }

  #flushRemoteTlbs(): void {
    this.counters.tlb_flushes++;
    spend(this.device, this.device.costs.kvm_remote_flush);
  }

  /** tdp_page_fault: gets the page, then installs it unless an invalidation came between. */
  *#fault(address: Vaddr, write: boolean, turn: Turn): Operation<number> {
    const device = this.device;
    const { user, costs } = device;
    const forget = user.mm.notifierContext.faults.has("forget_retry");
    for (let tries = 0; tries < RETRY_LIMIT; tries++) {
      if (device.released) return -ERRNO.EFAULT;
      if (!this.#slots.has(address)) return -ERRNO.ENXIO;
      beginFault(device, address, write);
      const seq = this.#seq;
      let pfn = user.getUserPageFast(address, true);
      let writable = pfn >= 0;
      if (!writable) {
        pfn = yield* user.getUserPage(address, write);
        if (pfn < 0) return pfn;
        writable = write;
        const again = write ? -1 : user.getUserPageFast(address, true);
        if (again >= 0) {
          user.putPage(pfn);
          pfn = again;
          writable = true;
        }
      }
      turn.undisturbed = (yield "before_retry_check") === "undisturbed";
      if (forget || !this.#mustRetry(seq, address)) {
        this.#install(address, pfn, writable);
        user.putPage(pfn);
        return 0;
      }
      user.putPage(pfn);
      retryFault(device, address, costs.kvm_ept_violation);
      yield "before_retry_check";
    }
    const state = `on a page fault at ${hex(address)}`;
    throw neverEnds("tdp_page_fault", device, `${state} (mmu_notifier_count ${this.#count})`);
  }

  /** What {@linkcode KvmListener.#fault} comes to where no window is open and none can come. */
  #faultAtOnce(address: Vaddr, write: boolean): boolean {
    const device = this.device;
    const { user, released } = device;
    if (released || this.#count > 0 || !this.#slots.has(address)) return false;
    const { now } = user.mm.notifierContext.clock;
    let pfn = user.getUserPageFast(address, true);
    if (pfn < 0 && write) pfn = user.getUserPageAtOnce(address, true);
    if (pfn < 0) return false;
    beginFault(device, address, write, now);
    this.#install(address, pfn, true);
    user.putPage(pfn);
    return true;
  }

  /**
   * Until v5.8 the window that drops the page lets vCPUs look it up again at once; since then
   * invalidate_range does, when the page has changed (kvm_arch_mmu_notifier_invalidate_range).
   */
  #setApic(page: Vaddr): void {
    this.#apic = page;
    if (this.device.user.mm.notifierContext.profile.kvmReloadsApicInStart) return;
    this.ops.invalidateRange = (_mm, start, end) => {
      if (start <= page && page < end) {
        this.counters.dropped += this.table.clear(page) === 0 ? 0 : 1;
      }
    };
  }

  /** mmu_notifier_retry; since v5.12 mmu_notifier_retry_hva. */
  #mustRetry(seq: number, address: Vaddr): boolean {
    if (this.device.released) return true;
    if (address === this.#apic) return false;
    if (this.#count > 0) {
      if (!this.#retryRange) return true;
      if (address >= this.#spanStart && address < this.#spanEnd) return true;
    }
    return this.#seq !== seq;
  }

  #install(address: Vaddr, pfn: Pfn, writable: boolean): void {
    const device = this.device;
    const rebuiltBefore = this.table.rebuilt;
    const tablesBefore = this.table.tables;
    const again = this.table.set(address, pfn, writable ? ENTRY_WRITE : 0);
    this.counters.tracking_rebuilt += this.table.rebuilt - rebuiltBefore;
    const allocated = this.table.tables - tablesBefore;
    const { kvm_ept_violation, kvm_shadow_table_alloc } = device.costs;
    endFault(device, again, kvm_ept_violation + allocated * kvm_shadow_table_alloc);
  }
}
