/**
 * The host: everything of the simulated mm that is one per machine.
 *
 * Memory, the kernel profile, the clock, the trace, swap, files and the daemons' state, which the
 * kernel keeps in globals.
 *
 * @module
 */

import { PAGE_SIZE } from "../kernel/address.ts";
import { Clock, type CostName, COSTS } from "../kernel/costs.ts";
import { type FaultSet, NO_FAULTS } from "../kernel/faults.ts";
import { type KernelProfile, kernelProfile } from "../kernel/profile.ts";
import { Rng } from "../kernel/rng.ts";
import { Trace } from "../kernel/trace.ts";
import type { NotifierContext } from "../notifier/chain.ts";
import type { MmuNotifierRange } from "../notifier/range.ts";
import { AddressSpace, type AddressSpaceKind } from "./filemap.ts";
import { AnonVmas } from "./rmap.ts";
import { Frames } from "./frames.ts";
import { HugetlbPool } from "./hugetlb.ts";
import { Ksm } from "./ksm_state.ts";
import { Lru, LruBatches } from "./lru.ts";
import { Mm } from "./mm_struct.ts";
import { Swap } from "./swap.ts";
import { Thp } from "./thp.ts";
import { newVmstat, type Vmstat } from "./vmstat.ts";

/** How to make a host. */
export interface HostOptions {
  /** Switches of the simulated kernel; v5.2 unless given. */
  profile?: KernelProfile;
  /** Memory in bytes; 64 MiB unless given. */
  memory?: number;
  /** NUMA nodes that share the memory equally; 1 unless given. */
  nodes?: number;
  /** Frames on a device that the CPU cannot reach; 0 unless given. */
  devicePages?: number;
  /** Swap slots (pages); 0 unless given. */
  swapPages?: number;
  /** Seed of all chance; 1 unless given. */
  seed?: number;
  /** Costs in ns that replace those of the model. */
  costs?: Readonly<Partial<Record<CostName, number>>>;
  /** Mistakes to inject. */
  faults?: FaultSet;
  /** Most trace records kept; 0 records none. */
  traceLimit?: number;
}

/** One simulated computer, as the mm sees it. */
export class Host implements NotifierContext {
  /** Switches of the simulated kernel. */
  readonly profile: KernelProfile;
  /** The virtual clock. */
  readonly clock: Clock = new Clock();
  /** What happened. */
  readonly trace: Trace;
  /** The source of chance. */
  readonly rng: Rng;
  /** Injected mistakes. */
  readonly faults: FaultSet;
  /** Whether the fault lost_mapcount is injected; a field, because the hottest loops ask. */
  readonly losesMapcount: boolean;
  /** Memory. */
  readonly frames: Frames;
  /** Pages of MADV_FREE that are not on their list yet. */
  readonly lruBatches: LruBatches;
  /** Reverse-mapping anchors. */
  readonly anonVmas: AnonVmas = new AnonVmas();
  /** Swap slots. */
  readonly swap: Swap;
  /** ksmd's knobs, trees and counters. */
  readonly ksm: Ksm = new Ksm();
  /** The huge pages of hugetlbfs. */
  readonly hugetlb: HugetlbPool;
  /** Knobs and counters of transparent huge pages and khugepaged. */
  readonly thp: Thp = new Thp();
  /** Counters of /proc/vmstat. */
  readonly vmstat: Vmstat = newVmstat();
  /** Address spaces in order of creation, dead ones included. */
  readonly mms: Mm[] = [];
  /** Files in order of creation. */
  readonly files: AddressSpace[] = [];
  /** Lines of the kernel log. */
  readonly logLines: string[] = [];
  /** Looks at every window as it closes, before its end is delivered; set by the machine. */
  windowCheck: ((range: MmuNotifierRange) => void) | null = null;
  readonly #costs: Readonly<Record<CostName, number>>;
  #lru: Lru | null = null;

  /**
   * Makes a host with empty memory.
   *
   * @param options Profile, sizes and seed.
   * @throws {RangeError} If the memory is too small for its nodes.
   */
  constructor(options: HostOptions = {}) {
    this.profile = options.profile ?? kernelProfile("v5.2");
    this.trace = new Trace(options.traceLimit);
    this.rng = new Rng(options.seed ?? 1);
    this.faults = options.faults ?? NO_FAULTS;
    this.losesMapcount = this.faults.has("lost_mapcount");
    this.frames = new Frames(
      Math.floor((options.memory ?? 64 * 2 ** 20) / PAGE_SIZE),
      options.nodes ?? 1,
      options.devicePages ?? 0,
    );
    this.lruBatches = new LruBatches(this.frames);
    this.hugetlb = new HugetlbPool(this.frames);
    this.swap = new Swap(options.swapPages ?? 0);
    const costs = Object.entries(COSTS).map(([name, cost]) => [name, cost.ns]);
    this.#costs = { ...Object.fromEntries(costs), ...options.costs };
  }

  /** Lists of reclaimable pages, made when reclaim first asks for them. */
  get lru(): Lru {
    return this.#lru ??= new Lru(this.frames);
  }

  /** Nanoseconds of one callback of one listener. */
  get notifierCallCost(): number {
    return this.#costs.notifier_call;
  }

  /**
   * Makes an address space.
   *
   * @param name Name of its process.
   * @returns The mm.
   */
  createMm(name: string): Mm {
    const mm = new Mm(this, this.mms.length, name);
    this.mms.push(mm);
    return mm;
  }

  /**
   * Makes a file.
   *
   * @param kind What kind of object it is.
   * @param name Name shown in maps.
   * @param pages Size in pages.
   * @returns The file.
   */
  createFile(kind: AddressSpaceKind, name: string, pages: number): AddressSpace {
    const file = new AddressSpace(this.files.length, kind, name, pages);
    this.files.push(file);
    return file;
  }

  /**
   * Lets the time of a modelled action pass.
   *
   * @param name Name in the cost model.
   * @param count How often it happens.
   */
  charge(name: CostName, count = 1): void {
    this.clock.advance(this.#costs[name] * count);
  }

  /**
   * Appends a line to the kernel log.
   *
   * @param line Text without a line end.
   */
  readonly log = (line: string): void => {
    this.logLines.push(line);
  };
}
