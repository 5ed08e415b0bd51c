/**
 * A process that consumes one queue of RabbitMQ and settles nothing: `node … amqp-consumer.ts <url> <queue> <begin|hold|apart>`. Prints a JSON line per
 * delivery, after it was marked as begun if asked to; with `apart` another one when its message is held apart, which takes no time.
 */
import { createAmqpBroker } from "../../../packages/core/src/brokers/amqp/broker.ts";
import type { AmqpDelivery } from "../../../packages/core/src/brokers/amqp/delivery.ts";
import { driverContext } from "../driver-context.ts";
import { eventually } from "../eventually.ts";
import { shortHold } from "./hold-timing.ts";

const [url = "", queue = "", mode = "hold"] = process.argv.slice(2);
const timing = mode === "apart" ? { holdTiming: shortHold } : {};
const broker = createAmqpBroker(url, driverContext(), { resultUrl: null, ...timing });
await broker.connect();
await broker.consume([queue], {
  worker: "celery@fault",
  readAhead: 1,
  listener: {
    async delivery(delivery) {
      if (mode === "begin") await delivery.begin();
      console.log(JSON.stringify({ id: delivery.envelope.headers["id"], deliveries: delivery.deliveries }));
      if (mode !== "apart") return;
      await eventually(() => (delivery as AmqpDelivery).isHeld);
      console.log(JSON.stringify({ held: true }));
    },
    claimsLost() {},
    deadLettered() {},
    disconnected() {},
    connected() {},
  },
});
