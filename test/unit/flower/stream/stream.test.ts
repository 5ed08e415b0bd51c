/** Frames, the ring, a slow client, and the stream over HTTP. */
import { EventEmitter } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { taskDeltas, workerSnapshot } from "../../../../packages/flower/src/server/stream/frame.ts";
import { createListener } from "../../../../packages/flower/src/server/stream/listener.ts";
import { createRing } from "../../../../packages/flower/src/server/stream/ring.ts";
import { bytesOfTick, type Tick } from "../../../../packages/flower/src/server/stream/tick.ts";
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
  const tick = (seq: number, text = "x"): Tick => ({ seq, workers: [text], overview: null, uuids: [] });

  it("keeps what is young and fits, and says where something is missing", () => {
    const ring = createRing(bytesOfTick);
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
  const gap = (dropped: number) => `${dropped} lost`;

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
    const listener = createListener(slow, gap);
    listener.write("x".repeat(300_000), 1);
    listener.write("second", 1);
    listener.write("third", 2);
    listener.ping("ping");
    expect(slow.written).toHaveLength(1);
    slow.drain();
    expect(slow.written.slice(1)).toEqual(["3 lost"]);
    slow.drain();
    listener.write("fourth", 1);
    expect(slow.written.at(-1)).toBe("fourth");
  });

  it("is told everything as long as it fits", () => {
    const slow = new Slow();
    const listener = createListener(slow, gap);
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

  const open = (query: string, headers: Readonly<Record<string, string>> = {}) => openPath(`/api/v2/stream?${query}`, headers);

  async function openPath(path: string, headers: Readonly<Record<string, string>> = {}) {
    const ending = new AbortController();
    const answer = await fetch(url + path, { headers, signal: ending.signal });
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

  it("tells every event as it was told, but for its secrets, and goes on where a client was", async () => {
    const now = Date.now() / 1_000;
    const all = await openPath("/api/v2/events");
    expect(all.answer.headers.get("content-type")).toBe("text/event-stream; charset=UTF-8");
    const ends = await openPath("/api/task/events/task-succeeded/e%2F1");
    await Promise.all([all.until("id: "), ends.until("id: ")]);
    await fed.feed(...success("e/1", now, { kwargs: "{'password': 'hunter2', 'user': 7}" }), ...success("e/2", now));
    const told = await all.until(`"uuid":"e/2","hostname":"w1@box","timestamp":${String(now + 0.5).slice(0, 9)}`);
    const events = [...told.matchAll(/^data: (.*)$/gm)].map(([, text]) => JSON.parse(text!));
    expect(events.map(({ type }) => type).slice(0, 4)).toEqual(["task-sent", "task-received", "task-started", "task-succeeded"]);
    expect(events[0]).toMatchObject({ uuid: "e/1", name: "tasks.add", queue: "celery", kwargs: "{'password': '********', 'user': 7}" });
    expect(await ends.until('"task-succeeded"')).not.toContain("e/2");
    const [, third] = [...told.matchAll(/^id: (.*)$/gm)].map(([, id]) => id!);
    ends.end();
    all.end();
    const back = await openPath(`/api/v2/events?types=task-succeeded&uuids=e%252F1&after=${third}`);
    expect(await back.until('"type":"task-succeeded","uuid":"e/1"')).not.toContain("gap");
    back.end();
    const late = await openPath("/api/v2/events", { "last-event-id": "0a1b2c-7" });
    await late.until('data: {"type":"gap","dropped":0}');
    late.end();
  });

  it("refuses a WebSocket where Flower had one, and what is no type of an event", async () => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const upgrade = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    socket.write(`GET /api/task/events/task-sent/ HTTP/1.1\r\nHost: localhost\r\n${upgrade.join("\r\n")}\r\n\r\n`);
    const answer = await new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    socket.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${url}/api/v2/events?types=everything`)).status).toBe(400);
    expect((await fetch(`${url}/api/v2/events`, { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
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
