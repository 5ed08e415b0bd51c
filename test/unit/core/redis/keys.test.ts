import { describe, expect, it } from "vitest";
import * as keys from "../../../../packages/core/src/brokers/redis/keys.ts";
import { tripleSuffix } from "../../../../packages/core/src/brokers/redis/publication-route.ts";

const sep = "\u0006\u0016";

describe("the lists of a queue", () => {
  it("are kombu's, one for each step", () => {
    expect(keys.listsOf("q")).toEqual(["q", `q${sep}3`, `q${sep}6`, `q${sep}9`]);
    expect([0, 1, 2, 3, 5, 6, 8, 9].map(keys.stepOf)).toEqual([0, 0, 0, 3, 3, 6, 6, 9]);
  });

  it("lead back to the queue", () => {
    for (const queue of ["q", "q3", `odd${sep}4`, "{tag}q"])
      expect(keys.listsOf(queue).map(keys.queueOfList)).toEqual(Array(4).fill(queue));
  });
});

/** The part of a key that decides its slot on a cluster. */
function slotTag(key: string): string {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

describe("the keys beside a list", () => {
  it("lie in its slot, for ordinary names and such with a hash tag", () => {
    for (const queue of ["q", "shop.orders", "{eu}q", "a{eu}", "{eu}", "a{b"]) {
      for (const list of keys.listsOf(queue)) {
        for (const key of [keys.claimsKey(list, "i{n}c"), keys.delayKey(list), keys.publishedKey(list, "t")])
          expect(slotTag(key)).toBe(slotTag(list));
      }
    }
  });

  it("are never those of another list", () => {
    const lists = ["q", "{q}", "{q}:", "q:", ":q", "{q}q"];
    expect(new Set(lists.map((list) => keys.delayKey(list))).size).toBe(lists.length);
  });
});

describe("the end of kombu's triple", () => {
  it("has no escaped quotation mark, whatever the queue is called", () => {
    for (const queue of ["q", 'a"b', "a\\", 'a\\"b', "日本"]) {
      const suffix = tripleSuffix(queue);
      expect(JSON.parse(`[0${suffix}`)).toEqual([0, "", queue]);
      expect(suffix).toMatch(/^,"[^"]*","[^"]*"\]$/);
    }
  });
});
