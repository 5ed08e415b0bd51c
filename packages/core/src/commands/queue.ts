/** Remote control of what a worker consumes: rows of the table in command.ts. */
import type { RemoteCommandRow } from "../command-row.ts";

export const queueCommands = {
  active_queues: { kind: "inspect", doc: "The queues that the worker consumes.", args: {} },
  add_consumer: {
    kind: "control",
    doc: "Lets the worker consume one more queue.",
    args: {
      queue: { kind: "text", doc: "Name of the queue.", required: true },
      exchange: { kind: "text", doc: "That leads to it; one of its name unless told. What the app's taskQueues says of the queue wins." },
      exchange_type: { kind: "text", doc: "direct, topic, fanout or, on RabbitMQ, headers; direct unless told." },
      routing_key: { kind: "text", doc: "By which the exchange leads to it, or a topic's pattern; the queue's name unless told." },
    },
  },
  cancel_consumer: {
    kind: "control",
    doc: "Lets the worker consume a queue no more. What it holds of it goes on.",
    args: { queue: { kind: "text", doc: "Name of the queue.", required: true } },
  },
} as const satisfies Readonly<Record<string, RemoteCommandRow>>;
