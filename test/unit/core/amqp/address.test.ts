import { describe, expect, test } from "vitest";
import { parseAmqpUrl } from "../../../../packages/core/src/amqp/address.ts";

describe("an AMQP URL", () => {
  test("gives every part, decoded", () => {
    expect(parseAmqpUrl("amqp://us%40er:p%2Fw%3A@rabbit.example:5673/my%2Fvhost")).toEqual({
      protocol: "amqp",
      hostname: "rabbit.example",
      port: 5673,
      username: "us@er",
      password: "p/w:",
      vhost: "my/vhost",
      label: "us@er@rabbit.example:5673, vhost my/vhost",
    });
  });

  test("has Celery's defaults for what is left out", () => {
    const local = { hostname: "localhost", port: 5672, username: "guest", password: "guest", vhost: "/" };
    expect(parseAmqpUrl("amqp://")).toMatchObject(local);
    expect(parseAmqpUrl("amqp://localhost")).toMatchObject(local);
    expect(parseAmqpUrl("amqp://localhost/")).toMatchObject(local);
    expect(parseAmqpUrl("amqp://localhost//")).toMatchObject(local);
    expect(parseAmqpUrl("amqp://localhost/%2F")).toMatchObject(local);
    expect(parseAmqpUrl("amqps://localhost")).toMatchObject({ protocol: "amqps", port: 5671 });
    expect(parseAmqpUrl("amqp://user@[::1]")).toMatchObject({ hostname: "::1", username: "user", password: "" });
  });

  test.each([
    ["http://localhost", "scheme"],
    ["amqp://host:99999", "parsed"],
    ["amqp://u:secret@host/%ZZ", "parsed"],
    ["amqp://u:secret@host/v?heartbeet=3", '"heartbeet"'],
    ["not a url", "parsed"],
  ])("%s is refused with a reason and without its password", (url, reason) => {
    const refusal = (() => {
      try {
        return parseAmqpUrl(url);
      } catch (error) {
        return error as Error;
      }
    })();
    expect(refusal).toMatchObject({ code: "CONFIG_URL" });
    expect(String((refusal as Error).message)).toContain(reason);
    expect(`${(refusal as Error).stack} ${String((refusal as Error).cause)}`).not.toContain("secret");
  });
});
