/** Times of holding long tasks, as short as a test can wait for. */
import type { HoldTiming } from "../../../packages/core/src/brokers/amqp/hold/timing.ts";

export const shortHold: HoldTiming = { afterMs: 200, lookEveryMs: 40, watchEveryMs: 100, goneAfterMs: 900, renewEveryMs: 300 };
