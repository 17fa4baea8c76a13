/**
 * Operations of drivers that keep what a window leaves them: Xen grants and hfi1 receive buffers.
 *
 * @module
 */

import { ERRNO } from "../../kernel/errno.ts";
import { GntdevListener } from "../../listeners/gntdev.ts";
import { Hfi1Listener } from "../../listeners/hfi1.ts";
import { madvise } from "../../mm/madvise.ts";
import type { Machine } from "../machine.ts";
import type { Arguments, ArgumentSpec, OperationSpec } from "../spec.ts";
import { FILL, fillOf, pagesOf, RANGE, text, wrongKind } from "./arguments.ts";

const GNTDEV: ArgumentSpec = {
  kind: "listener",
  about: "The process's grants",
  required: true,
  listenerKinds: ["gntdev"],
};

const ADAPTER: ArgumentSpec = {
  kind: "listener",
  about: "The adapter",
  required: true,
  listenerKinds: ["hfi1"],
};

const MAP_GRANT: OperationSpec = {
  name: "map_grant",
  about: "Maps pages that another domain granted over a range; fork skips the range from then on",
  kernel: "drivers/xen/gntdev.c: gntdev_mmap",
  args: { listener: GNTDEV, range: RANGE },
  *run(machine, args) {
    const { mm, start, end, pages } = pagesOf(machine, args);
    const ret = yield* madvise(mm, start, end - start, "DONTFORK");
    if (ret < 0) return { ret };
    return { ret: Math.min(yield* grants(machine, args).mapGrants(start, pages), 0) };
  },
};

const UNMAP_GRANT: OperationSpec = {
  name: "unmap_grant",
  about: "Gives back what is left of the oldest grants that cover a range",
  kernel: "drivers/xen/gntdev.c: gntdev_put_map",
  args: { listener: GNTDEV, range: RANGE },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const device = grants(machine, args);
    const key = device.find(start, pages);
    return { ret: key === 0 ? -ERRNO.ENOENT : device.unmapGrants(key) };
  },
};

const PEER_WRITE: OperationSpec = {
  name: "peer_write",
  about: "The other domain fills each granted page of a range",
  args: { listener: GNTDEV, range: RANGE, fill: FILL },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const store = fillOf(machine, args);
    const content = (page: number) => store(0, page);
    return { ret: yield* grants(machine, args).peerWrite(start, pages, content) };
  },
};

const TID_SETUP: OperationSpec = {
  name: "tid_setup",
  about: "Pins a receive buffer and programs expected TIDs, unless the cache has them",
  kernel: "drivers/infiniband/hw/hfi1/user_exp_rcv.c: hfi1_user_exp_rcv_setup",
  args: { listener: ADAPTER, range: RANGE },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    return { ret: Math.min(yield* adapter(machine, args).setupTids(start, pages), 0) };
  },
};

const TID_CLEAR: OperationSpec = {
  name: "tid_clear",
  about: "Clears the TIDs of the oldest buffer that covers a range and unpins it",
  kernel: "drivers/infiniband/hw/hfi1/user_exp_rcv.c: hfi1_user_exp_rcv_clear",
  args: { listener: ADAPTER, range: RANGE },
  // deno-lint-ignore require-yield
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const device = adapter(machine, args);
    const key = device.find(start, pages);
    return { ret: key === 0 ? -ERRNO.ENOENT : device.clearTids(key) };
  },
};

const TID_RECEIVE: OperationSpec = {
  name: "tid_receive",
  about: "The adapter receives into each page of a range, if a buffer covers it",
  args: { listener: ADAPTER, range: RANGE, fill: FILL },
  *run(machine, args) {
    const { start, pages } = pagesOf(machine, args);
    const store = fillOf(machine, args);
    return { ret: yield* adapter(machine, args).receive(start, pages, (page) => store(0, page)) };
  },
};

function grants(machine: Machine, args: Arguments): GntdevListener {
  const { listener } = machine.listener(text(args, "listener"));
  if (listener instanceof GntdevListener) return listener;
  throw wrongKind(listener.name, listener.kind, "gntdev");
}

function adapter(machine: Machine, args: Arguments): Hfi1Listener {
  const { listener } = machine.listener(text(args, "listener"));
  if (listener instanceof Hfi1Listener) return listener;
  throw wrongKind(listener.name, listener.kind, "hfi1");
}

/** The operations, in the order of documentation. */
export const GRANT_OPS: readonly OperationSpec[] = [
  MAP_GRANT,
  UNMAP_GRANT,
  PEER_WRITE,
  TID_SETUP,
  TID_CLEAR,
  TID_RECEIVE,
];
