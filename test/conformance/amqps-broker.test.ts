/** The RabbitMQ driver over TLS: the broker suite, what does not verify, and logging in with a certificate. */
import { once } from "node:events";
import { createServer } from "node:net";
import { createApp } from "@celeriac/core";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ConnectionOptions } from "../../packages/core/src/amqp/address.ts";
import type { Broker } from "../../packages/core/src/broker.ts";
import { createAmqpBroker } from "../../packages/core/src/brokers/amqp/broker.ts";
import { type Certificates, clientName } from "../support/certificates.ts";
import { driverContext } from "../support/driver-context.ts";
import { publicationTo } from "../support/envelopes.ts";
import type { RabbitmqNode } from "../support/rabbitmq-server.ts";
import { amqpNode, amqpUrl } from "../support/servers.ts";
import { amqpTraits, openAmqpWorld } from "./broker/amqp-world.ts";
import { describeBrokerTransport } from "./broker-suite.ts";

const opened: Broker[] = [];
let certificates: Certificates;
let server: RabbitmqNode;
let tlsPort: number;

beforeAll(async () => {
  server = await amqpNode();
  ({ port: tlsPort, certificates } = server.place.tls!);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((broker) => broker.close()));
});
describeBrokerTransport(
  "RabbitMQ over TLS",
  async () => {
    const { caCerts, client } = certificates;
    return openAmqpWorld({ url: await amqpUrl(), tls: { port: tlsPort, options: { caCerts, ...client } } });
  },
  amqpTraits,
);

interface Place {
  readonly login?: string;
  readonly host?: string;
  readonly port?: number;
}

function urlOf({ login = "guest:guest@", host = "127.0.0.1", port = tlsPort }: Place = {}): string {
  return `amqps://${login}${host}:${port}/%2F`;
}

/** What connecting ends with: the broker's, or the error's code and text. */
async function attempt(connection: Partial<ConnectionOptions>, place?: Place): Promise<Broker | { code: string; message: string }> {
  const broker = createAmqpBroker(urlOf(place), driverContext(), { resultUrl: null, connection });
  opened.push(broker);
  return broker.connect().then(
    () => broker,
    (error: { code: string; message: string }) => error,
  );
}
const connected = { connected: true };
const refused = (words: string) => ({ code: "BROKER_TLS", message: expect.stringContaining(words) });

describe("a RabbitMQ whose certificate", () => {
  it("was signed by an authority that is not trusted is not connected to", async () => {
    expect(await attempt({ ssl: { caCerts: certificates.strangerCaCerts } })).toMatchObject(refused("is not trusted"));
    expect(await attempt({ ssl: true })).toMatchObject(refused("is not trusted"));
  });

  it("is for another host is not connected to", async () => {
    const { caCerts } = certificates;
    expect(await attempt({ ssl: { caCerts, serverHostname: "rabbit.example" } })).toMatchObject(refused("is for another host"));
    expect(await attempt({ ssl: { caCerts, serverHostname: "localhost" } })).toMatchObject(connected);
    expect(await attempt({ ssl: { caCerts } }, { host: "localhost" })).toMatchObject(connected);
  });

  it("does not verify is connected to by those who ask for no verification", async () => {
    expect(await attempt({ ssl: { certReqs: "none" } })).toMatchObject(connected);
    expect(await attempt({ ssl: { caCerts: certificates.caCerts, serverHostname: "rabbit.example", checkHostname: false } })).toMatchObject(
      connected,
    );
  });
});

describe("a connection that is to be encrypted", () => {
  it("is never made to a port that speaks no TLS", async () => {
    expect(await attempt({ ssl: { certReqs: "none" } }, { port: server.port })).toMatchObject(refused("could not agree"));
  });

  it("names the file that cannot be read", async () => {
    expect(await attempt({ ssl: { caCerts: "/nowhere/ca.pem" } })).toMatchObject(refused("/nowhere/ca.pem cannot be read"));
  });

  it("makes a call fail at once, not after publishTimeout", async () => {
    const app = createApp("untrusting", { broker: urlOf(), backend: "disabled", config: { publishTimeout: "1h" } });
    await expect(app.sendTask("t")).rejects.toMatchObject({ code: "PUBLISH_REJECTED", cause: { code: "BROKER_TLS" } });
    await app.close();
  });
});

/** What the node knows of each connection to a vhost, as Erlang prints it. */
async function connectionsOf(vhost: string, ...items: readonly string[]): Promise<readonly string[]> {
  const known = `rabbit_networking:connection_info_all([${["vhost", ...items].join(",")}])`;
  const printed = await server.evaluate(`lists:flatten(io_lib:format("~0p", [${known}])).`);
  const all = printed.replaceAll(`\\"`, `"`).split("[{vhost,").slice(1);
  return all.filter((each) => each.startsWith(`<<${JSON.stringify(vhost)}>>`));
}

it("settings as Celery users write them encrypt tasks and replies", async () => {
  const { caCerts: ca_certs, client } = certificates;
  const plainUrl = urlOf().replace("amqps:", "pyamqp:");
  const app = createApp("encrypted", { broker: plainUrl, config: { broker_use_ssl: { ca_certs, ...client, cert_reqs: "CERT_REQUIRED" } } });
  await app.connect();
  await app.sendTask("t", [1], { queue: "encrypted" });
  expect(await app.health()).toEqual({ broker: "up", backend: "up" });
  await app.close();
  const broker = createAmqpBroker(server.url, driverContext(), { resultUrl: null });
  opened.push(broker);
  await broker.connect();
  expect(await broker.queues.length("encrypted")).toBe(1);
});

it("settings as Celery users write them say how to log in, what is shown, and how long a silent server is believed", async () => {
  const url = await server.vhost("settings");
  const client_properties = { deployment: "blue", replica: 7 };
  const config = { broker_login_method: "AMQPLAIN", broker_heartbeat: 33, broker_transport_options: { client_properties } } as const;
  const app = createApp("settings", { broker: url, backend: "disabled", config });
  await app.connect();
  const [shown = ""] = await connectionsOf("settings", "auth_mechanism", "timeout", "client_properties");
  expect(shown).toContain('{auth_mechanism,<<"AMQPLAIN">>},{timeout,33}');
  expect(shown).toMatch(/(?=.*{<<"deployment">>,longstr,<<"blue">>})(?=.*{<<"replica">>,\w+,7})/);
  await app.close();
});

it("a vhost is found by its own name, also where that looks encoded", async () => {
  for (const name of ["a/b", "100%25", "a%2Fb"]) {
    const broker = createAmqpBroker(await server.vhost(name), driverContext(), { resultUrl: null });
    opened.push(broker);
    await broker.connect();
    expect(await connectionsOf(name)).toHaveLength(1);
  }
});

it("a server that accepts and says nothing is given up after broker_connection_timeout", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  const config = { broker_connection_timeout: 0.1 };
  for (const broker of [`amqp://127.0.0.1:${port}`, `amqps://127.0.0.1:${port}`]) {
    const app = createApp("silent", { broker, backend: "disabled", config });
    await expect(app.connect()).rejects.toMatchObject({ code: "BROKER_UNREACHABLE", message: expect.stringContaining("TIMEDOUT") });
    await app.close();
  }
  silent.close();
});

it("parameters of the URL encrypt as settings do", async () => {
  const { caCerts, client } = certificates;
  const parameters = new URLSearchParams({ ssl_ca_certs: caCerts, ssl_certfile: client.certfile, ssl_keyfile: client.keyfile });
  const broker = createAmqpBroker(`${urlOf()}?${parameters}`, driverContext(), { resultUrl: null });
  opened.push(broker);
  await broker.connect();
  await broker.publish(publicationTo("parameters"));
});

describe("a certificate as login", () => {
  it("stands for the user it names, and for nobody without one", async () => {
    const { caCerts, client } = certificates;
    expect(await attempt({ ssl: { caCerts, ...client }, loginMethod: "EXTERNAL" }, { login: "" })).toMatchObject({ code: "BROKER_AUTH" });
    await server.addUser(clientName, "no password is asked for");
    await server.permit(clientName, "/", [".*", ".*", ".*"]);
    expect(await attempt({ ssl: { caCerts, ...client }, loginMethod: "EXTERNAL" }, { login: "" })).toMatchObject(connected);
    expect(await attempt({ ssl: { caCerts }, loginMethod: "EXTERNAL" }, { login: "" })).toMatchObject({
      code: "BROKER_AUTH",
      message: expect.stringContaining("certificate"),
    });
  });
});
