import { EventEmitter } from "node:events";
import type { Channel } from "amqplib";
import { describe, expect, test } from "vitest";
import { createClaimChannel } from "../../../../packages/core/src/brokers/amqp/claim-channel.ts";

/** Notes what would be written to the broker. */
function openChannel() {
  const written: string[] = [];
  const tagOf = (message: { fields: { deliveryTag: number } }) => message.fields.deliveryTag;
  const events = Object.assign(new EventEmitter(), {
    ack: (message: never, multiple: boolean) => written.push(`ack ${tagOf(message)}${multiple ? " multiple" : ""}`),
    nack: (message: never, _: boolean, requeue: boolean) => written.push(`nack ${tagOf(message)} ${requeue}`),
    close: async () => void events.emit("close"),
  });
  const claims = createClaimChannel(events as unknown as Channel);
  return { written, events, claims };
}

describe("acknowledgements of one turn", () => {
  test("are one up to the highest without a gap, and single ones beyond", async () => {
    const { written, claims } = openChannel();
    for (let tag = 1; tag <= 7; tag++) claims.hold(tag);
    expect(await Promise.all([3, 1, 2, 5, 7].map((tag) => claims.acknowledge(tag)))).toEqual(Array(5).fill("settled"));
    expect(written).toEqual(["ack 3 multiple", "ack 5", "ack 7"]);
    await Promise.all([claims.acknowledge(4), claims.acknowledge(6)]);
    expect(written.slice(3)).toEqual(["ack 6 multiple"]);
  });

  test("pass over what was given back", async () => {
    const { written, claims } = openChannel();
    for (let tag = 1; tag <= 3; tag++) claims.hold(tag);
    expect(claims.giveBack(1)).toBe("settled");
    await Promise.all([claims.acknowledge(3), claims.acknowledge(2)]);
    expect(written).toEqual(["nack 1 true", "ack 3 multiple"]);
  });

  test("never cover a tag that is still held", async () => {
    const { written, claims } = openChannel();
    for (let tag = 1; tag <= 3; tag++) claims.hold(tag);
    await Promise.all([claims.acknowledge(3), claims.acknowledge(2)]);
    expect(written).toEqual(["ack 3", "ack 2"]);
  });

  test("are lost when the channel ends first, and so is everything after", async () => {
    const { written, events, claims } = openChannel();
    claims.hold(1);
    const outcome = claims.acknowledge(1);
    events.emit("close");
    expect(await outcome).toBe("lost");
    expect(claims.alive).toBe(false);
    expect(await claims.acknowledge(1)).toBe("lost");
    expect(claims.giveBack(1)).toBe("lost");
    expect(written).toEqual([]);
  });

  test("are sent before the channel is closed", async () => {
    const { written, claims } = openChannel();
    claims.hold(1);
    const outcome = claims.acknowledge(1);
    await claims.close();
    expect(await outcome).toBe("settled");
    expect(written).toEqual(["ack 1 multiple"]);
  });
});

test("what is settled while the channel closes is lost, without a throw that nobody could catch", async () => {
  const { written, events, claims } = openChannel();
  claims.hold(1);
  claims.hold(2);
  events.close = () => new Promise<undefined>((resolve) => events.once("close", () => resolve(undefined)));
  const closing = claims.close();
  events.ack = () => {
    throw new Error("Channel closing");
  };
  events.nack = events.ack;
  expect(await claims.acknowledge(1)).toBe("lost");
  expect(claims.giveBack(2)).toBe("lost");
  events.emit("close");
  await closing;
  expect(written).toEqual([]);
});
