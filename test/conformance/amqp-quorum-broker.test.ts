/** The RabbitMQ driver against the broker suite, with quorum queues. */
import { amqpUrl } from "../support/servers.ts";
import { amqpTraits, openAmqpWorld } from "./broker/amqp-world.ts";
import { describeBroker } from "./broker-suite.ts";

describeBroker(
  "RabbitMQ with quorum queues",
  async () => openAmqpWorld({ url: await amqpUrl(), config: { taskCreateMissingQueueType: "quorum" } }),
  // They know no priorities.
  { ...amqpTraits, unsetPriority: null },
);
