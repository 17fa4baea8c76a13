/**
 * What ksmd keeps: knobs, rmap items, stable nodes and counters.
 *
 * From mm/ksm.c: struct rmap_item, struct stable_node, struct mm_slot and the sysfs files.
 *
 * @module
 */

import type { Pfn, Vaddr } from "../kernel/address.ts";
import type { AnonVma } from "./rmap.ts";
import type { Mm } from "./mm_struct.ts";

/** One candidate page that ksmd tracks. */
export interface RmapItem {
  /** The address space. */
  readonly mm: Mm;
  /** The page. */
  readonly address: Vaddr;
  /** Checksum seen in the last round. */
  checksum: number;
  /** Whether `checksum` has been taken. */
  seen: boolean;
  /** The stable node it is linked to, or null. */
  node: StableNode | null;
  /** The round in which it was put into the unstable tree; 0 when it is not there. */
  unstableRound: number;
  /** Key under which it was put into the unstable tree. */
  unstableKey: number;
  /** anon_vma of the page when it was merged. */
  anonVma: AnonVma | null;
}

/** One KSM page and the items that share it. */
export interface StableNode {
  /** Number; what a KSM frame's mapping word holds. */
  readonly id: number;
  /** The frame; nodes hold no reference on it. */
  pfn: Pfn;
  /** Content when it was made, which cannot change while it is shared. */
  readonly content: number;
  /** NUMA tree the node is in; 0 with merge_across_nodes. */
  tree: number;
  /** Items linked to it, first linked first. */
  readonly items: RmapItem[];
}

/** An address space registered with ksmd. */
export interface KsmSlot {
  /** The address space. */
  readonly mm: Mm;
  /** Items of the last round in order of address. */
  items: RmapItem[];
  /** First of `items` that the cursor has not passed in this round. */
  position: number;
  /** Items seen in this round, in order of address. */
  visited: RmapItem[];
}

/** The knobs of /sys/kernel/mm/ksm. */
export interface KsmKnobs {
  /** Candidate pages a wake-up looks at. */
  pages_to_scan: number;
  /** Sleep between wake-ups in ms. */
  sleep_millisecs: number;
  /** 1: pages of all NUMA nodes merge. */
  merge_across_nodes: number;
  /** 1: empty pages are replaced by the zero page. */
  use_zero_pages: number;
  /** Most items of one node. */
  max_page_sharing: number;
}

/** State of ksmd. */
export class Ksm {
  /** Knobs as the kernel starts with them. */
  readonly knobs: KsmKnobs = {
    pages_to_scan: 100,
    sleep_millisecs: 20,
    merge_across_nodes: 1,
    use_zero_pages: 0,
    max_page_sharing: 256,
  };
  /** Registered address spaces in scan order. */
  readonly slots: KsmSlot[] = [];
  /** Position of the cursor: slot that is scanned next. */
  cursorSlot = 0;
  /** Position of the cursor: address that is scanned next in that slot. */
  cursorAddress: Vaddr = 0;
  /** Stable nodes by tree and content; several with equal content form a chain. */
  readonly stable: Map<number, StableNode[]> = new Map();
  /** Unstable trees: item by tree and content; emptied each round. */
  readonly unstable: Map<number, RmapItem> = new Map();
  /** Completed rounds. */
  full_scans = 0;
  /** Number of the current round, from 1; items of earlier rounds are stale in the unstable tree. */
  round = 1;
  /** Stable nodes with at least one item. */
  pages_shared = 0;
  /** Items beyond the first of their node. */
  pages_sharing = 0;
  /** Items in the unstable tree. */
  pages_unshared = 0;
  /** All items. */
  rmap_items = 0;
  readonly #nodes: StableNode[] = [];

  /** Contents that more than one stable node shares (sysfs: stable_node_chains). */
  get stable_node_chains(): number {
    return [...this.stable.values()].filter((chain) => chain.length > 1).length;
  }

  /** Stable nodes that are part of a chain (sysfs: stable_node_dups). */
  get stable_node_dups(): number {
    let dups = 0;
    for (const chain of this.stable.values()) if (chain.length > 1) dups += chain.length;
    return dups;
  }

  /** Items whose content changes too often to be compared (sysfs: pages_volatile). */
  get pages_volatile(): number {
    const rest = this.rmap_items - this.pages_shared - this.pages_sharing - this.pages_unshared;
    return Math.max(rest, 0);
  }

  /**
   * Makes a stable node.
   *
   * @param pfn Its frame.
   * @param content Content of the frame.
   * @param tree NUMA tree.
   * @returns The node, linked to nothing yet.
   */
  createNode(pfn: Pfn, content: number, tree: number): StableNode {
    const node = { id: this.#nodes.length, pfn, content, tree, items: [] };
    this.#nodes.push(node);
    return node;
  }

  /**
   * Finds a stable node by number.
   *
   * @param id The number.
   * @returns The node.
   */
  stableNode(id: number): StableNode {
    return this.#nodes[id];
  }
}
