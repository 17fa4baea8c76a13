import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { KernelBugError } from "../../lib/kernel/violation.ts";
import { Frames, GUP_PIN_COUNTING_BIAS, ZERO_PFN } from "../../lib/mm/frames.ts";
import {
  PG_ANON,
  PG_BUDDY,
  PG_DIRTY,
  PG_FLAGS_MASK,
  PG_HEAD,
  PG_TAIL,
} from "../../lib/mm/flags.ts";

Deno.test("frame 0 is the zero page and never handed out", () => {
  const frames = new Frames(16);
  const taken = Array.from({ length: 16 }, () => frames.alloc());
  assertEquals(taken, [...Array.from({ length: 15 }, (_, at) => at + 1), -1]);
  assertThrows(() => frames.put(ZERO_PFN), KernelBugError, "reserved");
});

Deno.test("a frame is freed with its last reference, not before", () => {
  const frames = new Frames(64);
  const pfn = frames.alloc();
  frames.get(pfn, 2);
  assertEquals([frames.put(pfn), frames.put(pfn), frames.isFree(pfn)], [false, false, false]);
  assertEquals([frames.put(pfn), frames.isFree(pfn), frames.flags[pfn]], [true, true, PG_BUDDY]);
});

Deno.test("a frame starts with one reference, no flags and empty, however it was used", () => {
  const frames = new Frames(64);
  const pfn = frames.alloc();
  frames.bind(pfn, 7, 9, PG_ANON | PG_DIRTY);
  frames.content[pfn] = 42;
  frames.put(pfn);
  assertEquals(frames.alloc(), pfn);
  assertEquals([frames.refcount[pfn], frames.flags[pfn], frames.content[pfn]], [1, 0, 0]);
});

Deno.test("the page offset keeps its 36 bits beside the flags", () => {
  const frames = new Frames(64);
  const offsets = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 35, 2 ** 36 - 1];
  for (const index of offsets) {
    frames.bind(5, 3, index, PG_FLAGS_MASK);
    assertEquals(frames.indexOf(5), index);
    assertEquals([frames.mapping[5], frames.flags[5] & PG_FLAGS_MASK], [3, PG_FLAGS_MASK]);
  }
});

Deno.test("any offset and flags can be read back", () => {
  const offset = fc.maxSafeNat().map((number) => number % 2 ** 36);
  const property = fc.property(
    offset,
    fc.integer({ min: 0, max: PG_FLAGS_MASK }),
    (index, flags) => {
      const frames = new Frames(16);
      frames.bind(3, 1, index, flags);
      assertEquals([frames.indexOf(3), frames.flags[3] & PG_FLAGS_MASK], [index, flags]);
    },
  );
  fc.assert(property);
});

Deno.test("dropping a reference that nobody has is a bug of the kernel", () => {
  const frames = new Frames(64);
  const pfn = frames.alloc();
  frames.put(pfn);
  assertThrows(() => frames.put(pfn), KernelBugError, `frame ${pfn} has reference count -1`);
});

Deno.test("freeing a frame twice is a bug of the kernel", () => {
  const frames = new Frames(64);
  const pfn = frames.alloc();
  frames.put(pfn);
  frames.refcount[pfn] = 1;
  assertThrows(() => frames.put(pfn), KernelBugError, "free already");
});

Deno.test("freeing a frame that is mapped is a bug of the kernel", () => {
  const frames = new Frames(64);
  const pfn = frames.alloc();
  frames.mapcount[pfn] = 2;
  assertThrows(() => frames.put(pfn), KernelBugError, `frame ${pfn} is still mapped 2 times`);
});

Deno.test("releasing runs drops one reference of each and frees what has no other", () => {
  const frames = new Frames(64);
  const pfns = Array.from({ length: 6 }, () => frames.alloc());
  frames.get(pfns[2]);
  frames.release([pfns[0], pfns[3] + 1, pfns[5], pfns[5] + 1]);
  assertEquals(pfns.map((pfn) => frames.isFree(pfn)), [true, true, false, true, false, true]);
  frames.release([pfns[2], pfns[2] + 1]);
  assertEquals(frames.isFree(pfns[2]), true);
});

Deno.test("releasing a free frame is a bug of the kernel", () => {
  const frames = new Frames(64);
  const pfn = frames.alloc();
  frames.put(pfn);
  assertThrows(() => frames.release([pfn, pfn + 1]), KernelBugError);
});

Deno.test("the tails of a huge page count on its head and are freed with it", () => {
  const frames = new Frames(1024);
  const head = frames.allocHuge();
  assertEquals([head, frames.flags[head], frames.flags[head + 511]], [512, PG_HEAD, PG_TAIL]);
  frames.get(head + 300);
  assertEquals([frames.refcount[head], frames.refcount[head + 300]], [2, 0]);
  assertEquals([frames.put(head + 7), frames.put(head)], [false, true]);
  assertEquals(frames.nodes[0].allocator.rangeFree(head, 512), true);
});

Deno.test("a pin shows from the bias on, on any part of a huge page", () => {
  const frames = new Frames(1024);
  const head = frames.allocHuge();
  frames.get(head, GUP_PIN_COUNTING_BIAS - 2);
  assertEquals(frames.maybeDmaPinned(head + 9), false);
  frames.get(head + 1);
  assertEquals(frames.maybeDmaPinned(head + 9), true);
});

Deno.test("another node helps out when the wanted one is full, unless it is asked alone", () => {
  const frames = new Frames(32, 2);
  const first = Array.from({ length: 16 }, () => frames.alloc(1));
  assertEquals(first.map((pfn) => frames.nodeOf(pfn)), new Array(16).fill(1));
  assertEquals(frames.allocOnNode(1), -1);
  assertEquals(frames.nodeOf(frames.alloc(1)), 0);
});

Deno.test("frames of a device are apart from those of the CPU and go back to it", () => {
  const frames = new Frames(16, 1, 4);
  const before = frames.freeCount;
  const pfns = Array.from({ length: 5 }, () => frames.allocDevice());
  assertEquals(pfns, [16, 17, 18, 19, -1]);
  frames.put(17);
  assertEquals([frames.allocDevice(), frames.freeCount], [17, before]);
});

Deno.test("memory needs 16 frames a node", () => {
  for (const [count, nodes] of [[15, 1], [31, 2], [16.5, 1], [2 ** 31, 1]]) {
    assertThrows(() => new Frames(count, nodes), RangeError, "expected at least 16 a node");
  }
});

Deno.test("references and free frames balance in any order of taking and dropping", () => {
  const property = fc.property(
    fc.array(fc.tuple(fc.nat(3), fc.nat()), { maxLength: 80 }),
    (steps) => {
      const frames = new Frames(48, 2);
      const held: number[] = [];
      for (const [kind, pick] of steps) {
        const at = pick % Math.max(held.length, 1);
        if (kind < 2) {
          const pfn = frames.alloc(kind);
          if (pfn >= 0) held.push(pfn);
        } else if (kind === 2 && held.length > 0) {
          frames.get(held[at]);
          held.push(held[at]);
        } else if (held.length > 0) {
          const [pfn] = held.splice(at, 1);
          assertEquals(frames.put(pfn), !held.includes(pfn));
        }
      }
      assertEquals(frames.freeCount, 47 - new Set(held).size);
      for (const pfn of held) {
        assertEquals(frames.refcount[pfn], held.filter((other) => other === pfn).length);
      }
    },
  );
  fc.assert(property);
});
