/** A process of its own that takes a slot and holds it until it is killed: `<a SlotHold as JSON>`. It writes "held". */
import type { Coordinator } from "@celeriac/core/runtime";
import { driverContext } from "./driver-context.ts";
import { internal } from "./internal.ts";

type SlotTiming = import("../../packages/core/src/coordinators/held-slots.ts").SlotTiming;

/** One of `limit` slots under `key` of the coordinator at `url`. */
export interface SlotHold {
  readonly url: string;
  readonly key: string;
  readonly limit: number;
  /** where its server has to hear of it; as in earnest unless told */
  readonly timing?: SlotTiming;
}

const { url, key, limit, timing } = JSON.parse(process.argv[2] ?? "{}") as SlotHold;
const slot = await (await open()).slots(key, limit);
process.stdout.write(slot === null ? "none\n" : "held\n");
setInterval(() => {}, 60_000);

async function open(): Promise<Coordinator> {
  if (url.startsWith("sqlite:")) {
    const { createSqliteCoordinator } =
      await internal<typeof import("../../packages/core/src/coordinators/sqlite.ts")>("core/dist/coordinators/sqlite.js");
    return createSqliteCoordinator(url, driverContext());
  }
  if (url.startsWith("db+postgresql:")) {
    const { createPostgresCoordinator } = await internal<typeof import("../../packages/core/src/coordinators/postgres.ts")>(
      "core/dist/coordinators/postgres.js",
    );
    return createPostgresCoordinator(url, driverContext(), timing);
  }
  const { createRedisCoordinator } =
    await internal<typeof import("../../packages/core/src/coordinators/redis.ts")>("core/dist/coordinators/redis.js");
  return createRedisCoordinator(url, driverContext(), { timing });
}
