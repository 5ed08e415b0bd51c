/** The RabbitMQ driver against the broker suite. */
import { amqpUrl } from "../support/servers.ts";
import { amqpTraits, openAmqpWorld } from "./broker/amqp-world.ts";
import { describeBroker } from "./broker-suite.ts";

describeBroker("RabbitMQ", async () => openAmqpWorld({ url: await amqpUrl() }), amqpTraits);
