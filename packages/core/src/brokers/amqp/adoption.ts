/** A queue that exists keeps its arguments: where others are wanted it is used as it is, and a person is told once what to change. */
import { replyCode, replyCodeOf } from "../../amqp/failure.ts";
import { fieldTable } from "../../amqp/field-table.ts";
import type { Link } from "../../amqp/link.ts";
import { reasonOf } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { QueueDeclaration } from "../../queue-table.ts";

export interface AdoptionParts {
  readonly logger: Logger;
  /** queues of which it was told, on whichever connection */
  readonly told: Set<string>;
}

/** Rejects with what the library gave, unless that is the broker's refusal of other arguments. */
export async function adopt(
  link: Link,
  { name, arguments: wanted, kind }: QueueDeclaration,
  { logger, told }: AdoptionParts,
): Promise<void> {
  if (Object.keys(wanted).length === 0 || told.has(name)) return;
  const refusal = await refusalOf(link, name, wanted);
  if (refusal === null || told.has(name)) return;
  told.add(name);
  const type = wanted["x-queue-type"] ?? "classic";
  const found = await typeOf(link, name, type);
  if (found === null) {
    logger.warn("A queue exists with other arguments than wanted; it is used as it is", { queue: name, reason: refusal });
    return;
  }
  const setting = kind === "undeclared" ? "taskCreateMissingQueueType" : "taskDefaultQueueType, or the queue's x-queue-type in taskQueues";
  logger.warn("A queue exists as another type than wanted; it is used as it is, but Python refuses to declare it as any other than it is", {
    queue: name,
    type: found,
    wanted: type,
    setting,
  });
}

/** The broker's words; null: it is as it is wanted. */
async function refusalOf(link: Link, name: string, wanted: QueueDeclaration["arguments"]): Promise<string | null> {
  try {
    await link.aside((channel) => channel.assertQueue(name, { durable: true, arguments: fieldTable(wanted) }));
    return null;
  } catch (error) {
    if (replyCodeOf(error) !== replyCode.preconditionFailed) throw error;
    return reasonOf(error);
  }
}

/** true only where it is sure of each: the broker names one argument that differs, and that may be another than the type. */
export async function areClassic(link: Link, queues: readonly QueueDeclaration[]): Promise<boolean> {
  const answers = queues.map(async ({ name, arguments: wanted }) => {
    const refusal = await refusalOf(link, name, { ...wanted, "x-queue-type": "classic" });
    return refusal === null || typeIn(refusal) === "classic";
  });
  return (await Promise.all(answers)).every(Boolean);
}

/** The type that the queue has; null: `type`, or it cannot be told, because the broker names one argument that differs and no more. */
async function typeOf(link: Link, name: string, type: unknown): Promise<string | null> {
  const refusal = await refusalOf(link, name, { "x-queue-type": type });
  return refusal === null ? null : typeIn(refusal);
}

function typeIn(refusal: string): string | null {
  const found = /'x-queue-type'.* current is (?:none|the value '(\w+)')/.exec(refusal);
  return found === null ? null : (found[1] ?? "classic");
}
