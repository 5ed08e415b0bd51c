/** What a Redis, or the nodes of a cluster, tell of themselves; what this user may not ask stays unknown. */
import type { Clock } from "../clock.ts";
import { type ServerFacts, skewOf } from "../server-facts.ts";
import type { RedisConnection } from "./connection.ts";
import { isReply } from "./failure.ts";

export async function redisFacts({ servers }: RedisConnection, clock: Clock): Promise<ServerFacts> {
  const facts = await Promise.all(servers.map((server) => factsOf(server, clock)));
  const versions = [...new Set(facts.map(({ software }) => software))];
  const skews = facts.map(({ skewMs }) => skewMs).filter((skewMs) => skewMs !== null);
  const persistent = facts.map((each) => each.persistent);
  return {
    software: versions.join(", "),
    skewMs: skews.length === 0 ? null : skews.reduce((worst, each) => (Math.abs(each) > Math.abs(worst) ? each : worst)),
    persistent: persistent.includes(false) ? false : persistent.includes(null) ? null : true,
  };
}

async function factsOf(server: RedisConnection, clock: Clock): Promise<ServerFacts> {
  const [info, save, skewMs] = await Promise.all([
    allowed(async () => String(await server.call("INFO"))),
    allowed(async () => ((await server.call("CONFIG", "GET", "save")) as readonly unknown[])[1]),
    allowed(() => skewOf(clock, async () => epochMs(await server.call("TIME")))),
  ]);
  const version = info === null ? undefined : /^redis_version:(\S+)/m.exec(info)?.[1];
  return { software: version === undefined ? "Redis" : `Redis ${version}`, skewMs, persistent: isPersistent(info, save) };
}

/** A log of all writes, or at least snapshots now and then. */
function isPersistent(info: string | null, save: unknown): boolean | null {
  if (info !== null && /^aof_enabled:1/m.test(info)) return true;
  if (typeof save === "string" && save !== "") return true;
  return info === null || typeof save !== "string" ? null : false;
}

function epochMs(time: unknown): number {
  const [seconds, microseconds] = time as readonly [string, string];
  return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
}

/** null: this user may not, or the server does not know the command. */
async function allowed<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (!isReply(error)) throw error;
    return null;
  }
}
