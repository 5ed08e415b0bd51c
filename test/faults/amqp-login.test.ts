/** RabbitMQ: where a URL leads, and what is told where it leads nowhere or nobody is let in. */
import { expect, onTestFinished, test } from "vitest";
import { createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import { driverContext } from "../support/driver-context.ts";
import { publicationTo } from "../support/envelopes.ts";
import { amqpNode, amqpUrl } from "../support/servers.ts";

test("a vhost is reached whatever signs its name has", async () => {
  const odd = await (await amqpNode()).vhost("shop/eu west%2F#1");
  expect(odd).toMatch(/shop%2Feu%20west%252F%231$/);
  const broker = createAmqpBroker(odd, driverContext(), { resultUrl: null });
  try {
    await broker.connect();
    await broker.publish(publicationTo("q"));
    expect(await broker.queues.length("q")).toBe(1);
  } finally {
    await broker.close();
  }
});

test("a wrong password and an unknown vhost are told apart, without the password", async () => {
  const url = await amqpUrl();
  const attempt = async (change: (address: URL) => void) => {
    const address = new URL(url);
    change(address);
    const broker = createAmqpBroker(address.href, driverContext(), { resultUrl: null });
    onTestFinished(() => broker.close());
    return await broker.connect().then(
      () => null,
      (error: Error & { code: string }) => error,
    );
  };
  const wrong = await attempt((address) => {
    address.password = "not-the-password";
  });
  expect(wrong).toMatchObject({ code: "BROKER_AUTH" });
  expect(await attempt((address) => Object.assign(address, { pathname: "/nowhere" }))).toMatchObject({ code: "BROKER_REFUSED" });
  expect(await attempt((address) => Object.assign(address, { port: "1" }))).toMatchObject({ code: "BROKER_UNREACHABLE" });
  for (let error: unknown = wrong; error instanceof Error; error = error.cause) expect(error.stack).not.toContain("not-the-password");
});
