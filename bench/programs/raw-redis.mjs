/**
 * The floor on Redis: the bare operations a worker cannot do without, in Celery's wire, batched. Claims are atomic and recoverable; there is
 * nothing else (no retries, limits, events, pools), so what a task queue adds shows as the distance to it.
 */
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { run } from "./noop.mjs";
import { redisMessage, resultText } from "./raw-message.mjs";

const list = "celery";
const claims = "raw:claims";
const inbox = "raw:inbox";
const batch = 100;
const expirySeconds = 86_400;

const claimScript = `
local messages = redis.call('RPOP', KEYS[1], ARGV[2])
if not messages then return {} end
local fields = {}
for i = 1, #messages do fields[2 * i - 1] = ARGV[1] + i; fields[2 * i] = messages[i] end
redis.call('HSET', KEYS[2], unpack(fields))
return messages`;
/** ARGV: number, task id, result, ... */
const settleScript = `
local done = {}
for i = 1, #ARGV, 3 do
  local key = 'celery-task-meta-' .. ARGV[i + 1]
  redis.call('SETEX', key, ${expirySeconds}, ARGV[i + 2])
  redis.call('PUBLISH', key, ARGV[i + 2])
  done[#done + 1] = ARGV[i]
end
return redis.call('HDEL', KEYS[1], unpack(done))`;

function connect(url) {
  const redis = new Redis(url, { protocol: 2, maxRetriesPerRequest: null });
  redis.defineCommand("claim", { numberOfKeys: 2, lua: claimScript });
  redis.defineCommand("settleAll", { numberOfKeys: 1, lua: settleScript });
  return redis;
}

export async function openProducer({ broker, results }) {
  const redis = connect(broker);
  const subscriber = connect(broker);
  const waiters = new Map();
  let turn = null;
  let wanted = [];
  subscriber.on("message", (channel, text) => {
    const resolve = waiters.get(channel);
    if (resolve === undefined || JSON.parse(text).status !== "SUCCESS") return;
    waiters.delete(channel);
    resolve();
  });

  /** Messages sent in one turn of the event loop share one LPUSH. */
  function push(message) {
    turn ??= { messages: [], done: new Promise((resolve) => setImmediate(() => resolve(flush()))) };
    turn.messages.push(message);
    return turn.done;
  }
  async function flush() {
    const { messages } = turn;
    turn = null;
    if (wanted.length > 0) {
      const channels = wanted;
      wanted = [];
      await subscriber.subscribe(...channels);
    }
    await redis.lpush(list, ...messages);
  }
  return {
    send: (index) => push(redisMessage("noop", randomUUID(), index, !results)),
    async roundtrip(task, argument) {
      const id = randomUUID();
      const channel = `celery-task-meta-${id}`;
      const done = new Promise((resolve) => waiters.set(channel, resolve));
      wanted.push(channel);
      await push(redisMessage(task, id, argument, false));
      await done;
      void subscriber.unsubscribe(channel);
    },
    async fill(n) {
      for (let sent = 0; sent < n; sent += 1000) {
        const size = Math.min(1000, n - sent);
        await redis.lpush(list, ...Array.from({ length: size }, (_, index) => redisMessage("noop", randomUUID(), sent + index, !results)));
      }
    },
    waiting: () => redis.llen(list),
    async close() {
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

export async function startWorker({ broker, results }) {
  const redis = connect(broker);
  const waiting = connect(broker);
  let base = 0;
  let stopped = false;
  const claim = async () => {
    const first = base;
    base += batch;
    return { first, messages: await redis.claim(list, claims, first, batch) };
  };
  const loop = (async () => {
    let next = claim();
    while (!stopped) {
      const { first, messages } = await next;
      if (messages.length === 0) {
        const message = await waiting.blmove(list, inbox, "RIGHT", "LEFT", 1);
        if (message !== null) {
          settle(redis, results, [execute(message, 0)], redis.lrem(inbox, 1, message));
          next = claim();
        } else next = claim();
        continue;
      }
      // Asked for before this batch runs, so that the round trip is hidden behind it.
      next = claim();
      settle(
        redis,
        results,
        messages.map((message, index) => execute(message, first + index + 1)),
      );
    }
  })();
  return {
    async stop() {
      stopped = true;
      await Promise.race([loop, new Promise((resolve) => setTimeout(resolve, 1500))]);
    },
  };
}

function execute(message, number) {
  const envelope = JSON.parse(message);
  const [[argument]] = JSON.parse(Buffer.from(envelope.body, "base64").toString("utf8"));
  run(envelope.headers.task, argument);
  return { number, id: envelope.headers.id };
}

function settle(redis, results, done) {
  if (!results) return void redis.hdel(claims, ...done.map(({ number }) => number));
  void redis.settleAll(claims, ...done.flatMap(({ number, id }) => [number, id, resultText(id)]));
}
