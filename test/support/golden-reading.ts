/** Reads each capture of test/golden with our code and says in a word what came of it. */
import { toEnvelope } from "../../packages/core/src/brokers/amqp/message.ts";
import { decodeEnvelope } from "../../packages/core/src/brokers/redis/envelope-json.ts";
import type { ContentRules } from "../../packages/core/src/content.ts";
import type { Envelope } from "../../packages/core/src/envelope.ts";
import { decodeBody } from "../../packages/core/src/message.ts";
import { inProtocol2 } from "../../packages/core/src/protocol1.ts";
import { readResult } from "../../packages/core/src/result-meta.ts";
import { readTaskHeaders } from "../../packages/core/src/task-headers.ts";
import { type AmqpMessage, golden } from "./golden.ts";

const rules: ContentRules = { accept: ["json", "msgpack", "yaml"], maxBytes: 1_000_000 };

/** file → name of the capture → "read", or the code with which it is refused. */
export function readAll(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  return new Map([
    ["messages-redis", verdicts(golden("messages-redis"), ({ messages }) => messages.forEach(({ raw }) => void readItem(raw)))],
    [
      "worker-publishes-redis",
      verdicts(golden("worker-publishes-redis"), ({ messages }) => messages.forEach(({ raw }) => void readItem(raw))),
    ],
    [
      "messages-amqp",
      verdicts(golden("messages-amqp"), ({ messages }) => messages.forEach((message) => void readMessage(toEnvelope(delivered(message))))),
    ],
    [
      "results-redis",
      verdicts(golden("results-redis"), ({ taskId, stored }) =>
        stored.filter(isState).forEach(({ text }) => void readResult(taskId, text)),
      ),
    ],
    [
      "results-rpc",
      verdicts(golden("results-rpc"), ({ taskId, results }) =>
        results.forEach(({ body }) => void readResult(taskId, Buffer.from(body, "base64").toString())),
      ),
    ],
    [
      "probes-redis",
      verdicts(golden("probes-redis"), ({ name, raw }) => (name.startsWith("result_") ? readResult("t", raw) : readItem(raw))),
    ],
  ]);
}

function verdicts<C extends { readonly name: string }>(captures: readonly C[], read: (capture: C) => unknown): ReadonlyMap<string, string> {
  return new Map(captures.map((capture) => [capture.name, verdict(() => read(capture))]));
}

function verdict(read: () => unknown): string {
  try {
    read();
    return "read";
  } catch (error) {
    return `refused: ${(error as { readonly code?: string }).code ?? "no envelope"}`;
  }
}

function readItem(raw: string): void {
  readMessage(decodeEnvelope(raw).envelope);
}

function readMessage(received: Envelope): void {
  const envelope = inProtocol2(received, rules);
  readTaskHeaders(envelope);
  decodeBody({ ...envelope, contentType: envelope.properties.contentType }, rules);
}

/** Groups and chords lie beside the states of tasks. */
function isState({ key }: { readonly key: string }): boolean {
  return key.startsWith("celery-task-meta-");
}

/** As amqplib hands it out. */
function delivered({ properties, headers, body }: AmqpMessage): Parameters<typeof toEnvelope>[0] {
  const named = Object.entries(properties).map(([name, value]) => [name.replace(/_[a-z]/g, (sign) => sign.slice(1).toUpperCase()), value]);
  const message = { properties: { ...Object.fromEntries(named), headers }, content: Buffer.from(body, "base64") };
  return message as unknown as Parameters<typeof toEnvelope>[0];
}
