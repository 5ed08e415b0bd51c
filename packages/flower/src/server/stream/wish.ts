/** What a client of a stream wants to be told of, as its address says. */
import type { StreamTopic } from "../../shared/contract.ts";
import { Refusal } from "../access.ts";

export interface Wish {
  readonly topics: ReadonlySet<StreamTopic>;
  /** of topic tasks */
  readonly uuids: ReadonlySet<string>;
}

/** What a client of the event feed wants to hear; null: all. */
export interface EventWish {
  /** "task-succeeded" */
  readonly types: ReadonlySet<string> | null;
  readonly uuids: ReadonlySet<string> | null;
}

const known: readonly StreamTopic[] = ["overview", "workers", "tasks"];
const mostUuids = 200;

/** `uuids`: each URL-encoded once more, since an id may have a comma in it. Throws Refusal 400. */
export function readWish(query: Readonly<Record<string, unknown>>): Wish {
  const topics = listOf(query["topics"]);
  const unknown = topics.find((topic) => !known.includes(topic as StreamTopic));
  if (topics.length === 0 || unknown !== undefined)
    throw new Refusal(400, `Argument topics: expected some of ${known.join(", ")}, got ${JSON.stringify(unknown ?? "")}`);
  return { topics: new Set(topics as StreamTopic[]), uuids: uuidsOf(query) };
}

/** As `readWish`. */
export function readEventWish(query: Readonly<Record<string, unknown>>): EventWish {
  const types = listOf(query["types"]);
  const strange = types.find((type) => !/^(?:task|worker)-./.test(type));
  if (strange !== undefined)
    throw new Refusal(400, `Argument types: expected types of events such as task-succeeded, got ${JSON.stringify(strange)}`);
  const uuids = uuidsOf(query);
  return { types: types.length === 0 ? null : new Set(types), uuids: uuids.size === 0 ? null : uuids };
}

function uuidsOf(query: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const uuids = listOf(query["uuids"]);
  if (uuids.length > mostUuids) throw new Refusal(400, `Argument uuids: expected ${mostUuids} at most, got ${uuids.length}`);
  return new Set(uuids.map(decode));
}

function listOf(value: unknown): readonly string[] {
  return typeof value === "string" ? value.split(",").filter((each) => each !== "") : [];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
