/** Passwords that rotate: credentials() is asked at each connect, so a broken connection comes back with the new one. */
import { type App, createApp, PublishError } from "@celeriac/core";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type RabbitmqServer, startRabbitmq } from "../support/rabbitmq-server.ts";
import { redisUrl } from "../support/servers.ts";

interface Rotation {
  /** of the user whose password rotates; the password in it is stale */
  readonly url: string;
  /** The server takes only this one from now on, and connections there are now end. */
  rotate(password: string): Promise<void>;
}

/** A connection that ends under a message may have brought it: then it is repeated. */
async function send(app: App, taskId: string): Promise<unknown> {
  for (;;) {
    try {
      return await app.sendTask("t", [], { taskId, publishTimeout: "5s" });
    } catch (error) {
      if (!(PublishError.is(error) && error.code === "PUBLISH_UNCERTAIN")) throw error;
    }
  }
}

/** Sends, rotates, and sends again. */
async function outlives(rotation: Rotation, backend?: string): Promise<readonly string[]> {
  let password = "first";
  const asked: string[] = [];
  const app: App = createApp("rotating", {
    broker: rotation.url,
    backend,
    credentials({ purpose, url }) {
      asked.push(`${purpose} ${url}`);
      return { password };
    },
  });
  onTestFinished(() => app.close());
  await rotation.rotate(password);
  await send(app, "1");
  password = "second";
  await rotation.rotate(password);
  await send(app, "2");
  expect(await app.health()).toMatchObject({ broker: "up" });
  password = "wrong";
  await rotation.rotate("third");
  await expect(send(app, "3")).rejects.toMatchObject({ code: "PUBLISH_REJECTED" });
  return asked;
}

describe("on Redis", () => {
  it("a connection comes back with the password that credentials() gives by then", async () => {
    const url = new URL(await redisUrl());
    const admin = new Redis(url.href, { protocol: 2 });
    onTestFinished(async () => {
      await admin.acl("DELUSER", "rotating");
      admin.disconnect();
    });
    url.username = "rotating";
    url.password = "stale";
    const asked = await outlives(
      {
        url: url.href,
        async rotate(password) {
          await admin.acl("SETUSER", "rotating", "reset", "on", `>${password}`, "~*", "&*", "+@all");
          await admin.client("KILL", "USER", "rotating");
        },
      },
      "disabled",
    );
    url.password = "********";
    expect(new Set(asked)).toEqual(new Set([`broker ${url.href}`]));
  });
});

describe("on RabbitMQ", () => {
  let server: RabbitmqServer;
  beforeAll(async () => {
    server = await startRabbitmq();
    // It accepts connections a moment before it takes an administrator's commands.
    await server.ctl("await_startup");
    await server.ctl("add_user", "rotating", "none");
    await server.ctl("set_permissions", "-p", "/", "rotating", ".*", ".*", ".*");
  });
  afterAll(() => server.stop());

  it("a connection comes back with the password that credentials() gives by then", async () => {
    const asked = await outlives(
      {
        url: `amqp://rotating:stale@127.0.0.1:${server.port}/%2F`,
        async rotate(password) {
          await server.ctl("change_password", "rotating", password);
          await server.ctl("close_all_user_connections", "rotating", "rotated");
        },
      },
      "disabled",
    );
    expect(new Set(asked)).toEqual(new Set([`broker amqp://rotating:********@127.0.0.1:${server.port}/%2F`]));
  });
});
