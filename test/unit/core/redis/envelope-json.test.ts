import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadLetter, decodeEnvelope, encodeEnvelope, wirePriority } from "../../../../packages/core/src/brokers/redis/envelope-json.ts";
import { deathHeader } from "../../../../packages/core/src/envelope.ts";
import { createEnvelope } from "../../../support/envelopes.ts";
import { golden } from "../../../support/golden.ts";

const route = { exchange: "", routingKey: "celery" };

describe("a list item", () => {
  it("is read as Python wrote it", () => {
    for (const { messages } of golden("messages-redis")) {
      for (const { raw } of messages) {
        const message = JSON.parse(raw) as { body: string; headers: unknown; properties: Record<string, unknown>; "content-type": string };
        const { envelope, redelivered } = decodeEnvelope(raw);
        expect(redelivered).toBe(false);
        expect(envelope.headers).toEqual(message.headers);
        expect(Buffer.from(envelope.body)).toEqual(Buffer.from(message.body, "base64"));
        expect(envelope.properties.contentType).toBe(message["content-type"]);
        expect(envelope.properties.deliveryTag).toBe(message.properties["delivery_tag"]);
        expect(envelope.properties.correlationId).toBe(message.properties["correlation_id"]);
      }
    }
  });

  it("is written to the byte as Python would write the same envelope", () => {
    const plain = golden("messages-redis").find(({ name }) => name === "plain_delay");
    const raw = plain?.messages[0]?.raw as string;
    const written = encodeEnvelope(decodeEnvelope(raw).envelope, route);
    // JSON.stringify leaves out the spaces that Python puts into the headers.
    expect(JSON.parse(written)).toEqual(JSON.parse(raw));
    expect(written.replace(/"headers": \{.*\}, "properties"/, "")).toBe(raw.replace(/"headers": \{.*\}, "properties"/, ""));
  });

  it("comes back as it went", () => {
    const headers = fc
      .dictionary(fc.string(), fc.jsonValue())
      .map((members) => JSON.parse(JSON.stringify(members)) as Record<string, unknown>);
    const anyEnvelope = fc.record({
      headers,
      body: fc.uint8Array(),
      priority: fc.option(fc.integer({ min: 0, max: 8 })),
      tag: fc.string(),
    });
    fc.assert(
      fc.property(anyEnvelope, (changes) => {
        const envelope = createEnvelope(changes);
        const read = decodeEnvelope(encodeEnvelope(envelope, route)).envelope;
        expect({ ...read, body: Buffer.from(read.body) }).toEqual({ ...envelope, body: Buffer.from(envelope.body) });
      }),
    );
  });

  it("has a priority that runs the other way, and none is first", () => {
    expect([null, 9, 8, 5, 1, 0].map(wirePriority)).toEqual([0, 0, 1, 4, 8, 9]);
  });

  it("may have words that only Python writes", () => {
    const { headers } = decodeEnvelope('{"body": "", "headers": {"a": NaN, "b": "NaN"}, "properties": {}}').envelope;
    expect(headers).toEqual({ a: null, b: "NaN" });
  });

  it("may have a body in plain text", () => {
    expect(Buffer.from(decodeEnvelope('{"body": "[[1], {}, null]", "headers": {}, "properties": {}}').envelope.body).toString()).toBe(
      "[[1], {}, null]",
    );
  });

  it("tells that kombu restored it", () => {
    expect(decodeEnvelope('{"body": "", "headers": {"redelivered": true}, "properties": {}}').redelivered).toBe(true);
    expect(decodeEnvelope('{"body": "", "headers": {}, "properties": {"delivery_info": {"redelivered": true}}}').redelivered).toBe(true);
  });

  it.each([
    "",
    "nonsense",
    "[]",
    "null",
    '{"body": "", "properties": {}}',
    '{"body": "", "headers": {}}',
    '{"headers": {}, "properties": {}}',
  ])("is none: %s", (raw) => {
    expect(() => decodeEnvelope(raw)).toThrow();
  });
});

describe("a dead letter", () => {
  const death = { reason: 'Poisoned: "grüße" 🦊', queue: "q", at: 1_700_000_000_000, runs: 2 };

  it("is the message with the header of its death", () => {
    const raw = encodeEnvelope(createEnvelope({ id: "dead" }), route);
    const letter = Buffer.from(deadLetter(Buffer.from(raw).toString("latin1"), death, "tag"), "latin1").toString();
    expect(decodeEnvelope(letter).envelope.headers).toMatchObject({ id: "dead", [deathHeader]: death });
    expect(letter.endsWith(raw.slice(raw.indexOf('"lang"')))).toBe(true);
  });

  it("has as its body the bytes of what is no message", () => {
    const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x22, 0xc3]);
    const { envelope } = decodeEnvelope(deadLetter(bytes.toString("latin1"), death, "tag"));
    expect(Buffer.from(envelope.body)).toEqual(bytes);
    expect(envelope.properties).toMatchObject({ contentType: "application/octet-stream", deliveryTag: "tag" });
    expect(envelope.headers[deathHeader]).toEqual(death);
  });
});
