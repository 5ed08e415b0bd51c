/**
 * A process that consumes one queue of RabbitMQ and settles nothing: `<url> <queue> <begin|hold|apart> <HoldTiming as JSON>`. Prints a JSON line per
 * delivery, after it was marked as begun if asked to; with `apart` another one when its message is held apart, for which the times are.
 */
import { setTimeout as pause } from "node:timers/promises";
import { driverContext } from "../driver-context.ts";
import { internal } from "../internal.ts";

type AmqpDelivery = import("../../../packages/core/src/brokers/amqp/delivery.ts").AmqpDelivery;
type HoldTiming = import("../../../packages/core/src/brokers/amqp/hold/timing.ts").HoldTiming;

const { createAmqpBroker } =
  await internal<typeof import("../../../packages/core/src/brokers/amqp/broker.ts")>("core/dist/brokers/amqp/broker.js");
const [url = "", queue = "", mode = "hold", timing = ""] = process.argv.slice(2);
const holdTiming = mode === "apart" ? { holdTiming: JSON.parse(timing) as HoldTiming } : {};
const broker = createAmqpBroker(url, driverContext(), { resultUrl: null, ...holdTiming });
await broker.connect();
await broker.consume([queue], {
  worker: "celery@fault",
  readAhead: 1,
  listener: {
    async delivery(delivery) {
      if (mode === "begin") await delivery.begin();
      console.log(JSON.stringify({ id: delivery.envelope.headers["id"], deliveries: delivery.deliveries }));
      if (mode !== "apart") return;
      while (!(delivery as AmqpDelivery).isHeld) await pause(10);
      console.log(JSON.stringify({ held: true }));
    },
    claimsLost() {},
    deadLettered() {},
    disconnected() {},
    connected() {},
  },
});
