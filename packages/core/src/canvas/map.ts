/** One task for many items, in turn: Celery's own tasks `celery.map` and `celery.starmap` call it, in one run, for each. */
import type { Call } from "../call.ts";
import { ConfigError } from "../errors.ts";
import { isCount } from "../option-check.ts";
import { shownValue } from "../setting.ts";
import type { SignatureJson } from "../step.ts";
import { groupJson, taskJson } from "./composite.ts";

/** `map` calls it with each item, `starmap` with the items of each. */
export function mapJson(kind: "map" | "starmap", task: string, items: Iterable<unknown>): SignatureJson {
  return taskJson(`celery.${kind}`, [], { task: taskJson(task, []), it: [...items] }, true);
}

/** A group of starmaps of `size` items each. Throws CONFIG_INVALID for a size below 1. */
export function chunksJson(task: string, items: Iterable<unknown>, size: number): SignatureJson {
  if (!isCount(size) || size === 0) throw new ConfigError("CONFIG_INVALID", `The size of a chunk is 1 or more, got ${shownValue(size)}`);
  const all = [...items];
  const starts = Array.from({ length: Math.ceil(all.length / size) }, (_, chunk) => chunk * size);
  return groupJson(starts.map((start) => mapJson("starmap", task, all.slice(start, start + size))));
}

/** The task that a map calls: it is sent where that one is sent. null for any other call. */
export function mappedTask({ task, kwargs }: Pick<Call, "task" | "kwargs">): string | null {
  if (task !== "celery.map" && task !== "celery.starmap") return null;
  const mapped = (kwargs["task"] as Partial<SignatureJson> | null | undefined)?.task;
  return typeof mapped === "string" ? mapped : null;
}
