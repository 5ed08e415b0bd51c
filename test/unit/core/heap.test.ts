import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Heap } from "../../../packages/core/src/heap.ts";
import { ExpiringMap } from "../../../packages/core/src/memory/expiring-map.ts";

describe("a heap", () => {
  it("gives the least first, whatever was added and taken in between", () => {
    const step = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant("take" as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new Heap<number>((one, other) => one < other);
        let kept: number[] = [];
        for (const each of steps) {
          if (each === "take") {
            kept.sort((one, other) => one - other);
            const [least, ...rest] = kept;
            expect(heap.first()).toBe(least);
            expect(heap.take()).toBe(least);
            kept = rest;
          } else {
            heap.add(each);
            kept.push(each);
          }
          expect(heap.size).toBe(kept.length);
        }
      }),
    );
  });
});

describe("a map whose entries expire", () => {
  it("shows an entry until its end, and lets it go with the next that is set", () => {
    const map = new ExpiringMap<string>();
    map.set("a", "first", 100, 0);
    map.set("b", "kept", null, 0);
    expect([map.get("a", 99), map.get("a", 100), map.get("b", 1e15)]).toEqual(["first", undefined, "kept"]);
    map.set("c", "later", 300, 200);
    expect(map.size).toBe(2);
  });

  it("keeps an entry that was set again until its later end", () => {
    const map = new ExpiringMap<string>();
    map.set("a", "first", 100, 0);
    map.set("a", "second", 300, 50);
    map.set("b", "other", null, 200);
    expect(map.get("a", 200)).toBe("second");
    map.delete("a");
    map.set("a", "third", null, 250);
    map.set("b", "other", null, 400);
    expect(map.get("a", 400)).toBe("third");
  });
});
