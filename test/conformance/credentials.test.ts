/** Passwords that rotate: credentials() is asked at each connect, so a broken connection comes back with the new one. */
import { randomUUID } from "node:crypto";
import { type App, createApp, PublishError } from "@celeriac/core";
import { type AppRuntime, runtimeOf } from "@celeriac/core/runtime";
import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { openAppStore } from "../../packages/airflow-bridge/src/dag/store/app-store.ts";
import { withControl } from "../../packages/airflow-bridge/src/dag/tables/open-control.ts";
import { tableContext } from "../../packages/airflow-bridge/src/dag/tables/table-dags.ts";
import { eventually } from "../support/eventually.ts";
import { cutPostgresConnections, postgresRows } from "../support/postgres-client.ts";
import { amqpNode, postgresUrl, redisUrl } from "../support/servers.ts";

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
  it("a connection comes back with the password that credentials() gives by then", async () => {
    const server = await amqpNode();
    await server.vhost("rotation");
    await server.addUser("rotating", "none");
    await server.permit("rotating", "rotation", [".*", ".*", ".*"]);
    const asked = await outlives(
      {
        url: `amqp://rotating:stale@127.0.0.1:${server.port}/rotation`,
        async rotate(password) {
          await server.evaluate(`rabbit_auth_backend_internal:change_password(<<"rotating">>, <<"${password}">>, <<"test">>).`);
          await server.evaluate('rabbit_networking:close_all_user_connections(<<"rotating">>, <<"rotated">>).');
        },
      },
      "disabled",
    );
    expect(new Set(asked)).toEqual(new Set([`broker amqp://rotating:********@127.0.0.1:${server.port}/rotation`]));
  });
});

interface RotatingRole extends Rotation {
  /** the same server as its owner reaches it */
  readonly place: string;
  readonly role: string;
}

/** A user of PostgreSQL with the rights that it is given, gone when the test is over; the URL names somebody else. */
async function rotatingRole(rights: (role: string) => string): Promise<RotatingRole> {
  const place = await postgresUrl();
  const role = `rotating_${randomUUID().replaceAll("-", "")}`;
  await postgresRows(place, `create role ${role} login; ${rights(role)}`);
  onTestFinished(async () => {
    await postgresRows(place, `drop owned by ${role}; drop role ${role}`);
  });
  return {
    place,
    role,
    url: Object.assign(new URL(place), { username: "nobody", password: "stale" }).href,
    async rotate(password) {
      await postgresRows(place, `alter role ${role} password '${password}'`);
      await cutPostgresConnections(place);
    },
  };
}

describe("on PostgreSQL", () => {
  it("results and coordinator come back as the user and with the password that credentials() gives by then", async () => {
    const { place, role, url, rotate } = await rotatingRole((name) => `grant all on schema public to ${name}`);
    let password = "first";
    const asked = new Set<string>();
    const app = createApp("rotating", {
      broker: `memory://${role}`,
      backend: url,
      config: { coordinator: url },
      credentials({ purpose, url: shown }) {
        asked.add(`${purpose} ${shown}`);
        if (password === "") throw new Error("the token service is away");
        return { username: role, password };
      },
    });
    onTestFinished(() => app.close());
    const runtime = runtimeOf(app)!;
    const [{ backend }, coordinator] = await Promise.all([runtime.links(), runtime.coordinator("this test")]);
    const use = async (taskId: string) => {
      await eventually(() => Promise.all([backend!.health(), coordinator.now()]));
      const heard: string[] = [];
      const subscription = await backend!.subscribe(taskId, (text) => heard.push(text));
      await backend!.store({ taskId, state: "SUCCESS", attempt: 0, text: taskId, expiresMs: null, replyTo: null });
      await eventually(() => heard.includes(taskId));
      subscription.close();
    };

    await rotate(password);
    await use("1");
    const names = await postgresRows(place, `select distinct application_name as name from pg_stat_activity where usename = '${role}'`);
    expect(names.map(({ name }) => name).sort()).toEqual(["celeriac", "celeriac:results"]);
    password = "second";
    await rotate(password);
    await use("2");
    expect(asked).toEqual(new Set(["backend", "coordinator"].map((purpose) => `${purpose} ${url.replace("stale", "********")}`)));
    await rotate("third");
    await eventually(async () => (await failure(backend!.health())) === "BACKEND_AUTH");
    expect(await failure(coordinator.now())).toBe("BROKER_AUTH");
    password = "";
    expect([await failure(backend!.health()), await failure(coordinator.now())]).toEqual(["CREDENTIALS_FAILED", "CREDENTIALS_FAILED"]);
  });
});

interface DagDatabase {
  ask(): Promise<unknown>;
  close(): Promise<void>;
}

async function openStore(runtime: AppRuntime, storeUrl: string): Promise<DagDatabase> {
  const { store } = await openAppStore(runtime, { storeUrl });
  return { ask: () => store.read((tables) => tables.dags.all()), close: () => store.close() };
}

/** Opened anew for each question. */
async function openTables(runtime: AppRuntime, url: string): Promise<DagDatabase> {
  const place = { url, prefix: "control_" };
  const ask = () => withControl(place, tableContext(runtime), (database) => database.write((tables) => tables.create()));
  return { ask, close: async () => {} };
}

describe.each([
  ["a DAG store", "dagStore", openStore],
  ["a database with tables of DAGs", "dagTables", openTables],
] as const)("%s in PostgreSQL", (_, purpose, open) => {
  it("comes back as the user and with the password that credentials() gives by then", async () => {
    const { role, url, rotate } = await rotatingRole((name) => `create schema ${name} authorization ${name}`);
    let password = "first";
    const asked = new Set<string>();
    const app = createApp("rotating", {
      broker: `memory://${role}`,
      credentials(request) {
        asked.add(`${request.purpose} ${request.url}`);
        if (password === "") throw new Error("the token service is away");
        return { username: role, password };
      },
    });
    onTestFinished(() => app.close());
    const database = await open(runtimeOf(app)!, url);
    onTestFinished(() => database.close());
    for (password of ["first", "second"]) {
      await rotate(password);
      await eventually(async () => (await failure(database.ask())) === "none");
    }
    expect(asked).toEqual(new Set([`${purpose} ${url.replace("stale", "********")}`]));
    await rotate("third");
    await eventually(async () => (await failure(database.ask())) === "DAG_STORE_AUTH");
    password = "";
    const away = { code: "DAG_STORE_AUTH", message: expect.stringContaining("the token service is away") };
    await expect(database.ask()).rejects.toMatchObject(away);
  });
});

function failure(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => "none",
    ({ code }: { readonly code: string }) => code,
  );
}
