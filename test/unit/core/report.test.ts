/** What a report tells of an app, and what it keeps to itself. */
import { createApp } from "@celeriac/core";
import { reportOf, reportText, runtimeOf } from "@celeriac/core/runtime";
import { expect, it } from "vitest";

function reportFor(options: Parameters<typeof createApp>[1]) {
  const app = createApp("told", options);
  app.task("b.plain", () => 1);
  app.task("a.routed", { queue: "mail", timeLimit: "1m" }, () => 1);
  app.declare("c.elsewhere");
  const report = reportOf(runtimeOf(app)!);
  return { report, text: reportText(report) };
}

it("tells versions, system, app, queues, tasks and changed settings", () => {
  const { report, text } = reportFor({ broker: "memory://told", config: { task_queues: ["a", "mail"], workerConcurrency: 3 } });
  expect(report.software).toMatchObject({
    celeriac: expect.stringMatching(/^\d/),
    node: process.versions.node,
    ioredis: expect.stringMatching(/^\d/),
  });
  expect(report).toMatchObject({
    app: "told",
    queues: ["a", "mail"],
    transports: { broker: "memory", results: "memory", coordinator: null },
    tasks: [
      { name: "a.routed", options: { queue: "mail", timeLimit: "1m" } },
      { name: "b.plain", options: {} },
    ],
    settings: { worker_concurrency: 3 },
  });
  expect(report.settings).not.toHaveProperty("task_serializer");
  expect(text).toMatch(/^software -> celeriac:\S+ node:\S+/);
  for (const line of [
    "app      -> told",
    "settings -> broker:memory results:memory",
    "worker_concurrency: 3",
    "b.plain",
    'a.routed {"queue":"mail","timeLimit":"1m"}',
  ])
    expect(text.split("\n")).toContain(line);
});

it("tells no secret, wherever it was put", () => {
  const { report, text } = reportFor({
    broker: "amqp://user:canary1@one/;amqp://user:canary2@two/",
    backend: "redis://:canary3@results/0",
    config: {
      coordinator: "canary4",
      brokerTransportOptions: { sentinelKwargs: { password: "canary5" } },
      taskRoutes: { "mail.*": { queue: "mail" } },
    } as object,
  });
  expect(`${text}${JSON.stringify(report)}`).not.toContain("canary");
  expect(report.settings).toMatchObject({
    broker_url: "amqp://user:********@one/;amqp://user:********@two/",
    coordinator: "********",
  });
  expect(report.transports).toEqual({ broker: "amqp", results: "redis", coordinator: null });
});
