/** Chords in Redis, counted in Celery's layout, so that members may run on Python's workers and on ours. */
import type { ChordPart, ChordStart, ChordStore, CountedPart, QuietChord } from "../chord.ts";
import { chordKey, chordTtl, openChordsKey, partArguments } from "../redis/chord-keys.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { redisScript } from "../redis/script.ts";

const here = import.meta.url;
const scripts = Object.freeze({
  open: redisScript(here, "../redis/open-chord.lua"),
  add: redisScript(here, "../redis/count-part.lua", "../redis/add-member.lua"),
  count: redisScript(here, "../redis/count-part.lua", "../redis/count-chord.lua"),
  beginClosing: redisScript(here, "../redis/begin-closing.lua"),
  endClosing: redisScript(here, "../redis/end-chord.lua", "../redis/end-closing.lua"),
  keepAlive: redisScript(here, "../redis/keep-alive.lua"),
  take: redisScript(here, "../redis/take-chords.lua"),
  look: redisScript(here, "../redis/count-part.lua", "../redis/end-chord.lua", "../redis/look-at-chord.lua"),
});

/** A chord that somebody looks at is kept for so long. */
const keptMs = 86_400_000;

export interface RedisChordsParts {
  readonly isCluster: boolean;
  ask<T>(question: (connection: RedisConnection) => Promise<T>): Promise<T>;
  /** JSON text of what lies there, whatever serializer wrote it. */
  textOf(stored: Buffer): string;
}

export function createRedisChords({ isCluster, ask, textOf }: RedisChordsParts): ChordStore {
  const keyOf = (chordId: string) => chordKey(chordId, isCluster);

  /** Gives null when it is open no more. */
  async function look(connection: RedisConnection, id: string, nowMs: number): Promise<QuietChord | null> {
    const [members, body, alive] = (await connection.run(scripts.look, [keyOf(id)], [nowMs, keptMs])) as readonly string[];
    if (members === undefined || body === undefined) {
      await connection.call("ZREM", openChordsKey, id);
      return null;
    }
    return { id, members: JSON.parse(members) as readonly string[], body, aliveAt: Number(alive) };
  }

  return {
    open: ({ id, size, members, body, dueAt, expiresMs }: ChordStart) =>
      ask(async (connection) => {
        const args = [size, JSON.stringify(members), body, dueAt, chordTtl(expiresMs)];
        const isOpen = (await connection.run(scripts.open, [keyOf(id)], args)) === 1;
        if (isOpen) await connection.call("ZADD", openChordsKey, "NX", dueAt, id);
      }),
    add: (chordId, taskId) =>
      ask(async (connection) => (await connection.run(scripts.add, [keyOf(chordId)], [taskId, JSON.stringify(taskId)])) === 1),
    count: (parts: readonly ChordPart[]) =>
      ask(async (connection) => {
        const [first] = parts;
        if (first === undefined) return "closed";
        const args = parts.flatMap(partArguments);
        const outcome = await connection.run(scripts.count, [keyOf(first.chordId)], [chordTtl(first.expiresMs), ...args]);
        return outcome === 1 ? "complete" : outcome === 0 ? "open" : "closed";
      }),
    parts: (chordId) =>
      ask(async (connection) => {
        const key = `${keyOf(chordId)}.j`;
        const isList = (await connection.call("TYPE", key)) === "list";
        const entries = (await connection.callBytes(isList ? "LRANGE" : "ZRANGE", key, 0, -1)) as readonly Buffer[];
        return entries.map((entry) => readEntry(textOf(entry))).filter((part) => part !== null);
      }),
    beginClosing: (chordId, by, forMs) =>
      ask(async (connection) => {
        const outcome = await connection.run(scripts.beginClosing, [keyOf(chordId)], [by, forMs]);
        return outcome === 1 ? "begun" : outcome === 0 ? "others" : "closed";
      }),
    endClosing: (chordId) =>
      ask(async (connection) => {
        await connection.run(scripts.endClosing, [keyOf(chordId)], []);
        await connection.call("ZREM", openChordsKey, chordId);
      }),
    keepAlive: (chordIds, nowMs) =>
      ask(async (connection) => void (await Promise.all(chordIds.map((id) => connection.run(scripts.keepAlive, [keyOf(id)], [nowMs]))))),
    takeQuiet: ({ nowMs, everyMs, limit }) =>
      ask(async (connection) => {
        const ids = (await connection.run(scripts.take, [openChordsKey], [nowMs - everyMs, nowMs, limit])) as readonly string[];
        const chords = await Promise.all(ids.map((id) => look(connection, id, nowMs)));
        return chords.filter((chord) => chord !== null && chord.aliveAt <= nowMs - everyMs) as readonly QuietChord[];
      }),
  };
}

/** `[1, id, state, value]`, the value as the text that it is. What is none of Celery's counts, but nothing can be read from it. */
function readEntry(text: string): CountedPart | null {
  const match = /^\s*\[\s*1\s*,\s*("(?:[^"\\]|\\.)*")\s*,\s*"(\w+)"\s*,\s*(.*)\]\s*$/s.exec(text);
  if (match === null) return null;
  return { taskId: JSON.parse(match[1] as string) as string, state: match[2] as CountedPart["state"], value: match[3] as string };
}
