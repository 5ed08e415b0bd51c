/** What is made of records, of numbers and of a management API's answers. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { managedQueues } from "../../../packages/flower/src/server/cluster/management.ts";
import type { TaskRecord } from "../../../packages/flower/src/server/history/task-record.ts";
import { exposition, numberOf } from "../../../packages/flower/src/server/metrics/exposition.ts";
import { keyedJson, listedTask, taskObject } from "../../../packages/flower/src/server/present/task-object.ts";
import { readinessOf } from "../../../packages/flower/src/server/readiness.ts";

it("keeps tasks in their order, whatever their ids are", () => {
  const json = keyedJson([
    ["b", 1],
    ["42", 2],
    ['"', 3],
  ]);
  expect(json).toBe('{"b": 1, "42": 2, "\\"": 3}');
  expect(keyedJson([])).toBe("{}");
});

it("puts a task's worker last in a list, and leaves it out where there is none", () => {
  const task = { uuid: "a", worker: "w1@box" } as TaskRecord;
  expect(Object.keys(listedTask(task, [])).at(-1)).toBe("worker");
  expect(listedTask({ ...task, worker: null }, [])).not.toHaveProperty("worker");
  expect(Object.keys(taskObject(task, ["child"]))).toHaveLength(31);
});

it("writes series as Python's client does", () => {
  const values = [{ labels: { worker: 'w"1\n', le: 1, task: "a\\b" }, value: 3, metricName: "run_bucket" }];
  expect(exposition([{ name: "run", help: "How\nlong", type: "histogram", values, aggregator: "sum" } as never])).toBe(
    '# HELP run How\\nlong\n# TYPE run histogram\nrun_bucket{le="1.0",task="a\\\\b",worker="w\\"1\\n"} 3.0\n',
  );
  expect([0.005, 10, 1.5e300, Number.POSITIVE_INFINITY, Number.NaN].map(numberOf)).toEqual(["0.005", "10.0", "1.5e+300", "+Inf", "NaN"]);
});

it("asks RabbitMQ's management API with user and password, and says what is wrong there", async () => {
  const asked: unknown[] = [];
  const server = createServer(({ url, headers }, response) => {
    asked.push([url, headers.authorization]);
    response.statusCode = url === "/api/queues/shop" ? 200 : 404;
    response.end(JSON.stringify([{ name: "celery", messages: 3, messages_unacknowledged: 1 }, "no queue"]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const api = `http://guest:p%40ss@127.0.0.1:${port}/api/`;
  expect(await managedQueues(api, "amqp://guest@localhost/shop")).toEqual([{ name: "celery", messages: 3, messages_unacknowledged: 1 }]);
  expect(asked).toEqual([["/api/queues/shop", `Basic ${Buffer.from("guest:p@ss").toString("base64")}`]]);
  const refused = managedQueues(api, "amqp://guest@localhost//");
  await expect(refused).rejects.toMatchObject({ code: "BROKER_REFUSED", message: expect.stringMatching(/answers 404: .*plugin is off/) });
  await expect(managedQueues("http://127.0.0.1:1/api", "amqp://localhost")).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
});

it("says why it is not ready", () => {
  const facts = { behind: 0, trouble: null } as Parameters<typeof readinessOf>[0];
  expect(readinessOf(facts, { awaySince: null })).toEqual({ ready: true, reasons: [] });
  expect(readinessOf({ ...facts, trouble: "disk full", behind: 30_000 }, { awaySince: 0 })).toEqual({
    ready: false,
    reasons: [
      "The broker cannot be reached since 1970-01-01T00:00:00.000Z.",
      "30000 events that were heard are not written yet.",
      "The history cannot be written: disk full",
    ],
  });
});
