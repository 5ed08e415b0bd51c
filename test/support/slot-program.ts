/** A process of its own that takes a slot and holds it until it is killed: `<a SlotHold as JSON>`. It writes "held". */
import type { Coordinator } from "../../packages/core/src/coordinator.ts";
import { createPostgresCoordinator } from "../../packages/core/src/coordinators/postgres.ts";
import { createRedisCoordinator } from "../../packages/core/src/coordinators/redis.ts";
import { createSqliteCoordinator } from "../../packages/core/src/coordinators/sqlite.ts";
import { driverContext } from "./driver-context.ts";
import type { SlotHold } from "./slot-holder.ts";

const { url, key, limit, timing } = JSON.parse(process.argv[2] ?? "{}") as SlotHold;
const slot = await open().slots(key, limit);
process.stdout.write(slot === null ? "none\n" : "held\n");
setInterval(() => {}, 60_000);

function open(): Coordinator {
  if (url.startsWith("sqlite:")) return createSqliteCoordinator(url, driverContext());
  if (url.startsWith("db+postgresql:")) return createPostgresCoordinator(url, driverContext(), timing);
  return createRedisCoordinator(url, driverContext(), { timing });
}
