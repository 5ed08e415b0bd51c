/**
 * A process that consumes one queue of RabbitMQ and settles nothing: `node … amqp-consumer.ts <url> <queue> <begin|hold>`. Prints a JSON line per
 * delivery, after it was marked as begun if asked to.
 */
import { createAmqpBroker } from "../../../packages/core/src/brokers/amqp/broker.ts";
import { driverContext } from "../driver-context.ts";

const [url = "", queue = "", mode = "hold"] = process.argv.slice(2);
const broker = createAmqpBroker(url, driverContext(), { resultUrl: null });
await broker.connect();
await broker.consume([queue], {
  worker: "celery@fault",
  readAhead: 1,
  listener: {
    async delivery(delivery) {
      if (mode === "begin") await delivery.begin();
      console.log(JSON.stringify({ id: delivery.envelope.headers["id"], deliveries: delivery.deliveries }));
    },
    claimsLost() {},
    deadLettered() {},
    disconnected() {},
    connected() {},
  },
});
