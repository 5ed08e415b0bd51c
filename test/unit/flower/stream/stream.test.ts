/** Frames, the ring, a slow client, and the stream over HTTP. */
import { EventEmitter } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { taskDeltas, workerSnapshot } from "../../../../packages/flower/src/server/stream/frame.ts";
import { createListener } from "../../../../packages/flower/src/server/stream/listener.ts";
import { createRing } from "../../../../packages/flower/src/server/stream/ring.ts";
import { success, workerEvent } from "../../../support/heard.ts";
import { type FedMonitor, fedMonitor } from "../../../support/monitor/fed-monitor.ts";

describe("frames", () => {
  it("are no longer than 64 KiB, and together they have every row", () => {
    const rows = Array.from({ length: 300 }, (_, at) => JSON.stringify({ name: `w${at}`, filler: "x".repeat(1_000) }));
    const frames = workerSnapshot(rows);
    expect(frames.length).toBeGreaterThan(4);
    for (const frame of frames) expect(frame.length).toBeLessThan(66_000);
    const read = frames.map((frame) => JSON.parse(frame));
    expect(read.map(({ kind }) => kind)).toEqual(["snapshot", ...Array(frames.length - 1).fill("delta")]);
    expect(read.flatMap((frame) => frame.rows.map(({ name }: { name: string }) => name))).toEqual(rows.map((_, at) => `w${at}`));
  });

  it("are there for an empty fleet, and not where there is nothing to tell", () => {
    expect(workerSnapshot([])).toEqual(['{"kind":"snapshot","topic":"workers","rows":[]}']);
    expect([taskDeltas([], 0), taskDeltas([], 7)]).toEqual([[], ['{"kind":"delta","topic":"tasks","rows":[],"newer":7}']]);
  });
});

describe("the ring", () => {
  const tick = (seq: number, text = "x") => ({ seq, workers: [text], overview: null, uuids: [] });

  it("keeps what is young and fits, and says where something is missing", () => {
    const ring = createRing();
    expect([ring.since(0), ring.since(1)]).toEqual([[], null]);
    for (let seq = 1; seq <= 1_000; seq++) ring.add(tick(seq), seq * 100);
    expect(ring.since(1_000)).toEqual([]);
    expect(ring.since(998)!.map(({ seq }) => seq)).toEqual([999, 1_000]);
    expect(ring.since(399)!.length).toBe(601);
    expect(ring.since(398)).toBeNull();
    for (let seq = 1_001; seq <= 1_010; seq++) ring.add(tick(seq, "x".repeat(1_048_576)), 100_000);
    expect([ring.since(1_002), ring.since(1_003)?.length]).toEqual([null, 7]);
  });
});

describe("a client that does not keep up", () => {
  class Slow extends EventEmitter {
    readonly written: string[] = [];
    writableLength = 0;
    writableNeedDrain = false;
    write(text: string): boolean {
      this.written.push(text);
      this.writableLength += text.length;
      return false;
    }
    end(): this {
      return this;
    }
    drain(): void {
      this.writableLength = 0;
      this.emit("drain");
    }
  }

  it("is left behind, and told by how much", () => {
    const slow = new Slow();
    const listener = createListener(slow);
    listener.write("x".repeat(300_000), 1);
    listener.write("second", 1);
    listener.write("third", 2);
    listener.ping("ping");
    expect(slow.written).toHaveLength(1);
    slow.drain();
    expect(slow.written.slice(1)).toEqual(['data: {"kind":"gap","dropped":3}\n\n']);
    slow.drain();
    listener.write("fourth", 1);
    expect(slow.written.at(-1)).toBe("fourth");
  });

  it("is told everything as long as it fits", () => {
    const slow = new Slow();
    const listener = createListener(slow);
    for (let at = 0; at < 100; at++) listener.write("x".repeat(1_000), 1);
    expect(slow.written).toHaveLength(100);
  });
});

describe("the stream", () => {
  let fed: FedMonitor;
  let url: string;
  beforeAll(async () => {
    fed = await fedMonitor();
    url = await fed.server.listen({ port: 0, host: "127.0.0.1" });
  });
  afterAll(() => fed?.[Symbol.asyncDispose]());

  async function open(query: string, headers: Readonly<Record<string, string>> = {}) {
    const ending = new AbortController();
    const answer = await fetch(`${url}/api/v2/stream?${query}`, { headers, signal: ending.signal });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    return {
      answer,
      end: () => ending.abort(),
      /** Events up to the first that has `part` in it. */
      async until(part: string): Promise<string> {
        while (!text.includes(part) || !text.endsWith("\n\n")) {
          const { value, done } = await reader.read();
          if (done) throw new Error(`the stream ended before ${part}: ${text}`);
          text += value;
        }
        const all = text;
        text = "";
        return all;
      },
    };
  }

  it("tells what the history hears, to a client that comes back as well", async () => {
    const one = await open("topics=workers,tasks&uuids=a%252C1");
    expect(Object.fromEntries(one.answer.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=UTF-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
    await one.until('"kind":"snapshot"');
    const now = Date.now() / 1_000;
    await fed.feed(workerEvent("online", "w1@box", now), ...success("a,1", now));
    const first = await one.until('"state":"SUCCESS"');
    expect(first).toContain('"name":"w1@box"');
    const last = first
      .match(/^id: .*$/gm)!
      .at(-1)!
      .slice(4);
    one.end();
    await fed.feed(...success("b", now));
    await expect.poll(async () => (await fed.history.task("b"))?.state).toBe("SUCCESS");
    const back = await open("topics=tasks&uuids=a%252C1", { "last-event-id": last });
    expect(await back.until('"newer":1')).not.toContain('"uuid"');
    back.end();
  });

  it("is not for pages of other sites, and not for a question that is none", async () => {
    const status = async (query: string, headers = {}) => (await fetch(`${url}/api/v2/stream?${query}`, { headers })).status;
    expect(await status("topics=tasks", { "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await status("topics=everything")).toBe(400);
  });

  it("has room for 200, and says when there is none", async () => {
    const { port } = new URL(url);
    const sockets = Array.from({ length: 200 }, () => connect(Number(port), "127.0.0.1"));
    await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.once("data", () => resolve());
            socket.write("GET /api/v2/stream?topics=tasks HTTP/1.1\r\nHost: localhost\r\n\r\n");
          }),
      ),
    );
    const answer = await fetch(`${url}/api/v2/stream?topics=tasks`);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(async () => {
        const again = await open("topics=tasks").catch(() => null);
        again?.end();
        return again?.answer.status;
      })
      .toBe(200);
  });

  it("ends with the server", async () => {
    const other = await fedMonitor();
    const address = await other.server.listen({ port: 0, host: "127.0.0.1" });
    const answer = await fetch(`${address}/api/v2/stream?topics=tasks`);
    const ended = answer.text().then(
      () => true,
      () => true,
    );
    await other[Symbol.asyncDispose]();
    expect(await ended).toBe(true);
  });
});
