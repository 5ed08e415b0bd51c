/** Byte for byte in both directions: what we write Python reads, what Python writes we read, without a worker of ours in between. */
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeEnvelope, encodeEnvelope } from "../../packages/core/src/brokers/redis/envelope-json.ts";
import type { CallOptions } from "../../packages/core/src/call.ts";
import { compose } from "../../packages/core/src/compose.ts";
import { celeryErrors, readException, remoteErrorOf } from "../../packages/core/src/failure.ts";
import { decodeBody, encodeMessage } from "../../packages/core/src/message.ts";
import { failureText, type ResultFacts, readResult, resultText } from "../../packages/core/src/result-meta.ts";
import { readTaskHeaders } from "../../packages/core/src/task-headers.ts";
import { callPython, type PythonWorker, startPythonWorker } from "../support/python-celery.ts";
import { routerOf, settingsOf } from "../support/router.ts";
import { redisUrl } from "../support/servers.ts";

const oddValues = {
  text: "Grüße, 世界 🌍 \u0000 \u2028 </script> \"'\\",
  lone: "\ud83d",
  numbers: [0, -0.5, 1e100, 1e-7, Number.MAX_SAFE_INTEGER, -1],
  nested: [[], {}, [null, true, { a: [{}] }]],
  "": "an empty key",
};

let place: { readonly broker: string; readonly backend: string };
let client: Redis;
let results: Redis;

beforeAll(async () => {
  place = { broker: await redisUrl(), backend: await redisUrl() };
  client = new Redis(place.broker, { protocol: 2 });
  results = new Redis(place.backend, { protocol: 2 });
});
afterAll(() => {
  client.disconnect();
  results.disconnect();
});

/** A task as our producer writes it into a list; gives its id. */
async function push(
  queue: string,
  task: string,
  args: readonly unknown[],
  kwargs: Record<string, unknown> = {},
  options: CallOptions = {},
) {
  const id = randomUUID();
  const settings = settingsOf();
  const router = routerOf({ taskDefaultQueue: queue });
  const nowMs = Date.now();
  const call = { task, args, kwargs, options, callbacks: null, errbacks: null };
  const { message, route } = compose({ settings, router, origin: "gen1@test", replyTo: null, nowMs }, call, undefined, id, null);
  await client.lpush(queue, encodeEnvelope(encodeMessage(message, nowMs, 1_000_000), route));
  return id;
}

describe("a message of ours", () => {
  it("is read by kombu as it was meant", async () => {
    const options: CallOptions = { headers: { tenant: "Ä", deep: { a: [1, null] } }, expires: 60, timeLimit: 10, softTimeLimit: 2.5 };
    const id = await push("ours", "py.echo", [oddValues], { key: oddValues }, options);
    const [taken] = (await callPython(place, [{ do: "take", queue: "ours" }])) as [Record<string, unknown>];
    expect(taken).toMatchObject({
      content_type: "application/json",
      content_encoding: "utf-8",
      headers: { lang: "js", task: "py.echo", id, root_id: id, timelimit: [10, 2.5], tenant: "Ä", deep: { a: [1, null] } },
      properties: { correlation_id: id, delivery_mode: 2, expiration: "60000" },
    });
    expect(taken["body"]).toEqual([[oddValues], { key: oddValues }, { callbacks: null, errbacks: null, chain: null, chord: null }]);
  });
});

describe("a message of Python", () => {
  it("is read by us as it was meant", async () => {
    const eta = "2030-01-02T03:04:05.678900+00:00";
    const [sent] = (await callPython(place, [
      {
        do: "send",
        task: "js.task",
        args: [oddValues],
        kwargs: { key: oddValues },
        queue: "theirs",
        headers: { tenant: "Ä" },
        eta,
        retries: 2,
      },
    ])) as [{ id: string }];
    const raw = await client.rpop("theirs");
    const { envelope, redelivered } = decodeEnvelope(raw ?? "");
    expect(redelivered).toBe(false);
    expect(envelope.headers["tenant"]).toBe("Ä");
    expect(readTaskHeaders(envelope)).toMatchObject({
      id: sent.id,
      task: "js.task",
      retries: 2,
      etaAt: Date.parse("2030-01-02T03:04:05.678Z"),
    });
    const { args, kwargs } = decodeBody(
      { ...envelope, contentType: envelope.properties.contentType },
      { accept: ["json"], maxBytes: 1_000_000 },
    );
    expect([args, kwargs]).toEqual([[oddValues], { key: oddValues }]);
  });
});

describe("a result of ours", () => {
  const facts = (state: string): ResultFacts => ({
    taskId: randomUUID(),
    state,
    attempt: 1,
    children: [],
    nowMs: Date.now(),
    groupId: null,
    parentId: null,
    extended: null,
  });

  /** What Python's AsyncResult says once `text` is stored. */
  async function seenByPython(taskId: string, text: string): Promise<unknown> {
    await results.set(`celery-task-meta-${taskId}`, text, "EX", 60);
    const [seen] = await callPython(place, [{ do: "get", id: taskId }]);
    return seen;
  }

  it("gives Python its value", async () => {
    const success = facts("SUCCESS");
    const seen = await seenByPython(success.taskId, resultText(success, JSON.stringify(oddValues), null));
    expect(seen).toMatchObject({ state: "SUCCESS", result: oddValues, error: null, traceback: null, children: [] });
  });

  it("gives Python the error of a task, under its own name", async () => {
    const failure = facts("FAILURE");
    class PaymentRefused extends Error {
      override readonly name = "PaymentRefused";
    }
    const seen = await seenByPython(failure.taskId, failureText(failure, remoteErrorOf(new PaymentRefused("no money"))));
    expect(seen).toMatchObject({
      state: "FAILURE",
      error: { type: "PaymentRefused", args: ["no money"] },
      traceback: expect.stringContaining("PaymentRefused: no money"),
    });
  });

  it("gives Python its own classes for what Celery itself raises", async () => {
    const revoked = facts("REVOKED");
    expect(await seenByPython(revoked.taskId, failureText(revoked, celeryErrors.revoked("expired")))).toMatchObject({
      state: "REVOKED",
      error: { type: "TaskRevokedError", args: ["expired"] },
    });
    const limit = facts("FAILURE");
    expect(await seenByPython(limit.taskId, failureText(limit, celeryErrors.timeLimit(3)))).toMatchObject({
      state: "FAILURE",
      error: { type: "TimeLimitExceeded" },
    });
  });
});

describe("a Python worker", () => {
  let worker: PythonWorker | undefined;
  beforeAll(async () => {
    worker = await startPythonWorker({ ...place, queue: "mixed", accept: "json,yaml" });
  });
  afterAll(() => worker?.stop());

  /** The ends of tasks, waited for by Python and then read by us. */
  async function ends(ids: readonly string[]) {
    await callPython(
      place,
      ids.map((id) => ({ do: "get", id })),
    );
    return Promise.all(ids.map(async (id) => readResult(id, (await results.get(`celery-task-meta-${id}`)) ?? "")));
  }

  it("runs our messages, and we read its results", async () => {
    const ids = await Promise.all([
      push("mixed", "py.add", [2, 3]),
      push("mixed", "py.echo", [oddValues], { named: 1 }),
      push("mixed", "py.fail", ["Gründe"]),
      push("mixed", "py.refuse", []),
      push("mixed", "py.retry", [2]),
      push("mixed", "py.unicode", []),
      push("mixed", "py.request", [], {}, { headers: { tenant: "a" }, timeLimit: 30, countdown: "10ms" }),
    ]);
    const [sum, echo, failed, refused, retried, text, request] = await ends(ids);
    expect(sum).toMatchObject({ status: "SUCCESS", result: 5 });
    expect(echo).toMatchObject({ status: "SUCCESS", result: { args: [oddValues], kwargs: { named: 1 } } });
    expect(readException(failed?.result, failed?.traceback ?? null)).toMatchObject({
      type: "ValueError",
      module: "builtins",
      args: ["Gründe"],
    });
    expect(readException(refused?.result, null)).toMatchObject({ type: "Refused", module: "app", args: ["because", 7] });
    expect(retried).toMatchObject({ status: "SUCCESS", result: 2 });
    expect(text?.result).toBe("Grüße, 世界 🌍 \u0000 \u2028 \ud83d");
    expect(request?.result).toMatchObject({
      id: ids.at(-1),
      task: "py.request",
      timelimit: [30, null],
      eta: expect.stringMatching(/\+00:00$/),
      root_id: ids.at(-1),
      origin: "gen1@test",
    });
  });

  it("hands back what JSON alone cannot say: integers of any size, floats, bytes", async () => {
    const values = [2n ** 70n, -(2n ** 53n), 2 ** 53, 1e300, Buffer.from([0, 255]), "é"];
    const [echo] = await ends([await push("mixed", "py.echo", values, { at: new Date(0), file: Buffer.from("é") })]);
    // Celery 5.2 keeps the form in which bytes travel; 5.3 would have turned them into bytes, and back.
    expect(echo?.result).toEqual({ args: values, kwargs: { at: "1970-01-01T00:00:00.000Z", file: Buffer.from("é") } });
  });

  it.each(["gzip", "zlib"] as const)("reads our compressed bodies: %s", async (compression) => {
    const text = "ä".repeat(100_000);
    const [length] = await ends([await push("mixed", "py.length", [text], {}, { compression })]);
    expect(length).toMatchObject({ status: "SUCCESS", result: 100_000 });
  });

  it("reads our YAML as it was meant", async () => {
    const texts = ["yes", "1", "~", "2030-01-02", "a: b", "- x", "é\u0080\u2028\ufeff🌍", "\ud83d", "k".repeat(2_000)];
    const numbers = [1e17, 5e-324, -1.5e300, 0.1, 2n ** 70n, 1, -0.5];
    const kwargs = { ...Object.fromEntries(texts.map((text) => [text, [text]])), at: new Date(0), none: null, deep: [[], {}, [true]] };
    const [echo] = await ends([await push("mixed", "py.echo", [texts, numbers], kwargs, { serializer: "yaml" })]);
    expect(echo?.result).toEqual({ args: [texts, numbers], kwargs: { ...kwargs, at: "1970-01-01T00:00:00.000Z" } });
  });

  it("stores nothing for a message of ours that asks for no result", async () => {
    const silent = await push("mixed", "py.add", [1, 1], {}, { ignoreResult: true });
    const [after] = await ends([await push("mixed", "py.add", [1, 2])]);
    expect(after).toMatchObject({ status: "SUCCESS", result: 3 });
    expect(await results.exists(`celery-task-meta-${silent}`)).toBe(0);
  });

  it("refuses an expired message of ours", async () => {
    const [expired] = await ends([await push("mixed", "py.add", [1, 1], {}, { expires: new Date(Date.now() - 1_000) })]);
    expect(expired).toMatchObject({ status: "REVOKED" });
  });
});
