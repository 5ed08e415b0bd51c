/** What a page wants to be told of, and what several tabs want together. Pure. */
import type { StreamTopic } from "../../shared/contract.ts";

export interface Wish {
  readonly topics: readonly StreamTopic[];
  /** tasks that are on the page */
  readonly uuids: readonly string[];
}

/** More would not fit into an address. */
const mostUuids = 200;

export function together(wishes: Iterable<Wish>): Wish {
  const topics = new Set<StreamTopic>();
  const uuids = new Set<string>();
  for (const wish of wishes) {
    for (const topic of wish.topics) topics.add(topic);
    for (const uuid of wish.uuids) uuids.add(uuid);
  }
  return { topics: [...topics].sort(), uuids: [...uuids].slice(0, mostUuids) };
}

export function isSame(one: Wish, other: Wish): boolean {
  return one.topics.join() === other.topics.join() && one.uuids.join() === other.uuids.join();
}
