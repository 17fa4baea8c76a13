/**
 * ksmd's stable and unstable trees.
 *
 * The kernel orders pages by memcmp; here equal content is equal key, so a look-up finds what the
 * kernel would find in a tree whose pages have not changed since they were inserted.
 * From mm/ksm.c.
 *
 * @module
 */

import type { Pfn } from "../kernel/address.ts";
import type { Host } from "./host.ts";
import type { RmapItem, StableNode } from "./ksm_state.ts";
import { PG_BUDDY, PG_KSM } from "./flags.ts";

/**
 * Names the place of a content in a tree.
 *
 * @param tree NUMA tree.
 * @param content Content of a page.
 * @returns The key.
 */
function keyOf(tree: number, content: number): number {
  return tree * 2 ** 32 + content;
}

/**
 * Gives the tree a frame belongs to: its node's, or the common one with merge_across_nodes.
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns Number of the tree.
 */
function treeOf(host: Host, pfn: Pfn): number {
  return host.ksm.knobs.merge_across_nodes === 1 ? 0 : host.frames.nodeOf(pfn);
}

/**
 * Finds the stable node of a KSM frame.
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns The node, or null if the frame is no KSM page.
 */
export function pageStableNode(host: Host, pfn: Pfn): StableNode | null {
  if ((host.frames.flags[pfn] & PG_KSM) === 0) return null;
  return host.ksm.stableNode(host.frames.mapping[pfn]);
}

/**
 * Looks for a KSM page with the content of a frame that can take one more item.
 *
 * Of a chain the youngest such node is taken. Nodes whose frame was freed or is no KSM page any more
 * are removed on the way.
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns A node with less than max_page_sharing items, or null.
 */
export function stableTreeSearch(host: Host, pfn: Pfn): StableNode | null {
  const own = pageStableNode(host, pfn);
  if (own !== null) return own;
  const { ksm, frames } = host;
  const chain = ksm.stable.get(keyOf(treeOf(host, pfn), frames.content[pfn]));
  if (chain === undefined) return null;
  for (let at = chain.length - 1; at >= 0; at--) {
    const node = chain[at];
    const shared = node.items.length;
    if (!getKsmPage(host, node) || shared === 0) continue;
    if (shared < ksm.knobs.max_page_sharing) return node;
  }
  return null;
}

/**
 * Makes a stable node for a frame that has just become a KSM page.
 *
 * @param host The machine.
 * @param pfn The frame.
 * @returns The node, without items.
 */
export function stableTreeInsert(host: Host, pfn: Pfn): StableNode {
  const { ksm, frames } = host;
  const tree = treeOf(host, pfn);
  const node = ksm.createNode(pfn, frames.content[pfn], tree);
  frames.mapping[pfn] = node.id;
  const key = keyOf(tree, node.content);
  const chain = ksm.stable.get(key);
  if (chain === undefined) ksm.stable.set(key, [node]);
  else chain.push(node);
  return node;
}

/**
 * Links an item to a stable node and counts it.
 *
 * @param host The machine.
 * @param item The item.
 * @param node The node.
 */
export function stableTreeAppend(host: Host, item: RmapItem, node: StableNode): void {
  item.node = node;
  node.items.push(item);
  if (node.items.length > 1) host.ksm.pages_sharing++;
  else host.ksm.pages_shared++;
}

/**
 * Checks that a node still has its page (mm/ksm.c: get_ksm_page); a stale node is removed.
 *
 * @param host The machine.
 * @param node The node.
 * @returns True if the page is still there.
 */
function getKsmPage(host: Host, node: StableNode): boolean {
  const { frames } = host;
  const flags = frames.flags[node.pfn];
  const alive = (flags & PG_BUDDY) === 0 && (flags & PG_KSM) !== 0 &&
    frames.mapping[node.pfn] === node.id;
  if (!alive) removeNodeFromStableTree(host, node);
  return alive;
}

/**
 * Takes an item out of whichever tree it is in (mm/ksm.c: remove_rmap_item_from_tree).
 *
 * @param host The machine.
 * @param item The item.
 */
export function removeRmapItemFromTree(host: Host, item: RmapItem): void {
  const { ksm } = host;
  if (item.node !== null) {
    const { node } = item;
    if (!getKsmPage(host, node)) return;
    node.items.splice(node.items.indexOf(item), 1);
    if (node.items.length > 0) ksm.pages_sharing--;
    else ksm.pages_shared--;
    item.node = null;
    item.anonVma = null;
  } else if (item.unstableRound !== 0) {
    if (ksm.unstable.get(item.unstableKey) === item) ksm.unstable.delete(item.unstableKey);
    item.unstableRound = 0;
    ksm.pages_unshared--;
  }
}

/**
 * Looks for an equal page in the unstable tree; inserts the item where there is none.
 *
 * @param host The machine.
 * @param item The item of the scanned page.
 * @param pfn Its frame.
 * @param mergeable Gives the frame of an item if it could be merged still, or -1.
 * @returns The item of an equal page, or null.
 */
export function unstableTreeSearchInsert(
  host: Host,
  item: RmapItem,
  pfn: Pfn,
  mergeable: (item: RmapItem) => Pfn,
): RmapItem | null {
  const { ksm, frames } = host;
  const key = keyOf(treeOf(host, pfn), frames.content[pfn]);
  const found = ksm.unstable.get(key);
  if (found !== undefined) {
    const other = mergeable(found);
    if (other < 0 || other === pfn) return null;
    if (frames.content[other] === frames.content[pfn]) return found;
  }
  item.unstableRound = ksm.round;
  item.unstableKey = key;
  ksm.unstable.set(key, item);
  ksm.pages_unshared++;
  return null;
}

/**
 * Removes a stable node and unlinks its items (mm/ksm.c: remove_node_from_stable_tree).
 *
 * @param host The machine.
 * @param node The node.
 */
export function removeNodeFromStableTree(host: Host, node: StableNode): void {
  const { ksm } = host;
  for (let left = node.items.length; left > 0; left--) {
    if (left > 1) ksm.pages_sharing--;
    else ksm.pages_shared--;
  }
  for (const item of node.items) {
    item.node = null;
    item.anonVma = null;
  }
  node.items.length = 0;
  const key = keyOf(node.tree, node.content);
  const chain = ksm.stable.get(key);
  const at = chain?.indexOf(node) ?? -1;
  if (at >= 0) chain!.splice(at, 1);
  if (chain?.length === 0) ksm.stable.delete(key);
}
