/** A notice board between a test and tasks that run elsewhere, where no result may be read: what a task says is noted, and it can be kept waiting there. */

import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

export interface Board {
  readonly port: number;
  /** The first thing said under the key, as soon as it is said. */
  heard(key: string): Promise<unknown>;
  /** Whoever says something under the key waits there until the returned function is called. */
  hold(key: string): () => void;
  /** key → how often something was said under it */
  counts(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

interface Entry {
  count: number;
  isHeld: boolean;
  readonly waiting: Socket[];
  readonly first: Promise<unknown>;
  tell(value: unknown): void;
}

export async function openBoard(): Promise<Board> {
  const entries = new Map<string, Entry>();
  const entryOf = (key: string): Entry => {
    const entry = entries.get(key) ?? createEntry();
    entries.set(key, entry);
    return entry;
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("close", () => sockets.delete(socket)).on("error", () => {}));
    createInterface({ input: socket }).once("line", (line) => {
      const [key, value] = JSON.parse(line) as [string, unknown];
      const entry = entryOf(key);
      entry.count++;
      entry.tell(value);
      if (entry.isHeld) entry.waiting.push(socket);
      else socket.end("noted");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    heard: (key) => entryOf(key).first,
    hold(key) {
      const entry = entryOf(key);
      entry.isHeld = true;
      return () => {
        entry.isHeld = false;
        for (const socket of entry.waiting.splice(0)) socket.end("noted");
      };
    },
    counts: () => Object.fromEntries([...entries].map(([key, { count }]) => [key, count])),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function createEntry(): Entry {
  let tell: (value: unknown) => void = () => {};
  const first = new Promise<unknown>((resolve) => {
    tell = resolve;
  });
  return { count: 0, isHeld: false, waiting: [], first, tell: (value) => tell(value) };
}
