/** Envelopes for tests of drivers: what Celery's protocol 2 would send, with everything else left at its default. */
import { randomUUID } from "node:crypto";
import type { Envelope, Publication } from "@celeriac/core/runtime";

export interface EnvelopeChanges {
  readonly id?: string;
  readonly tag?: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly priority?: number | null;
}

/** An envelope of a task called "test.echo"; id and delivery tag are new unless given. */
export function createEnvelope(changes: EnvelopeChanges = {}): Envelope {
  const id = changes.id ?? randomUUID();
  return {
    headers: {
      lang: "js",
      task: "test.echo",
      id,
      root_id: id,
      parent_id: null,
      group: null,
      eta: null,
      expires: null,
      retries: 0,
      timelimit: [null, null],
      origin: "test@host",
      ...changes.headers,
    },
    properties: {
      contentType: "application/json",
      contentEncoding: "utf-8",
      correlationId: id,
      replyTo: null,
      deliveryMode: 2,
      priority: changes.priority ?? null,
      expiration: null,
      deliveryTag: changes.tag ?? randomUUID(),
    },
    body: changes.body ?? new TextEncoder().encode("[[], {}, null]"),
  };
}

/** A publication straight into one queue. */
export function publicationTo(queue: string, changes: EnvelopeChanges & Pick<Publication, "dueAt" | "guarded"> = {}): Publication {
  const { dueAt, guarded, ...envelope } = changes;
  return { envelope: createEnvelope(envelope), route: { exchange: "", routingKey: queue }, dueAt, guarded };
}

/** The id of the task an envelope carries: what tests tell envelopes apart by. */
export function idOf(envelope: Envelope): string {
  return String(envelope.headers["id"]);
}
