import { expect, test } from "vitest";
import { delayRoute } from "../../../../packages/core/src/brokers/amqp/delay.ts";

const zeros = (count: number) => Array(count).fill("0").join(".");

test("a delay's way is its whole seconds in 28 binary digits, then the queue, from the level of the first 1 on", () => {
  expect(delayRoute(5_999, "celery")).toEqual({ exchange: "celery_delayed_2", routingKey: `${zeros(25)}.1.0.1.celery` });
  expect(delayRoute(1_000, "a.b")).toEqual({ exchange: "celery_delayed_0", routingKey: `${zeros(27)}.1.a.b` });
});

test("a year is spelt as kombu does it: bin(31536000) filled with zeros, a dot after each digit", () => {
  const digits = "0001111000010011001110000000";
  expect(delayRoute(365 * 24 * 3_600_000, "celery")).toEqual({
    exchange: "celery_delayed_24",
    routingKey: `${[...digits].join(".")}.celery`,
  });
});

test("the longest delay is eight years and a half", () => {
  const { routingKey } = delayRoute(10 ** 13, "celery");
  expect(routingKey).toBe(`${Array(28).fill("1").join(".")}.celery`);
});
