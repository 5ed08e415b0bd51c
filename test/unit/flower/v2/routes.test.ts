/** The monitor's own API, on a history that is fed by hand. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiRoutes } from "../../../../packages/flower/src/server/routes/v2/routes.ts";
import { shapes } from "../../../../packages/flower/src/server/routes/v2/shapes.ts";
import type {
  ActionReport,
  AuditList,
  Overview,
  QueueList,
  Series,
  SessionView,
  TaskList,
  TaskView,
  WorkerList,
  WorkerView,
} from "../../../../packages/flower/src/shared/contract.ts";
import { success, taskEvent, workerEvent } from "../../../support/heard.ts";
import { type FedMonitor, fedMonitor } from "../../../support/monitor/fed-monitor.ts";

const hostile = '<img src=x onerror="window.__x=1">';
const now = Date.now() / 1_000;
let fed: FedMonitor;

beforeAll(async () => {
  fed = await fedMonitor({ redact: ["iban"] });
  await fed.feed(
    workerEvent("online", "w1@box", now),
    workerEvent("online", "w2@box", now - 61),
    workerEvent("offline", "w2@box", now - 60),
    ...success("a", now - 50, { queue: "fast", args: `('${hostile}',)`, kwargs: "{'password': 'hunter2', 'iban': 'DE1', 'n': 1}" }),
    ...success("b", now - 40, { name: "tasks.echo", parent_id: "a", root_id: "a" }),
    ...success("c/d, e", now - 30, { name: "tasks.echo", result: "x".repeat(1_000) }),
    taskEvent("received", "f", now - 20, { name: "tasks.fail", args: "('no',)", kwargs: "{}" }),
    taskEvent("started", "f", now - 19.5),
    taskEvent("failed", "f", now - 19, { exception: `RangeError('${hostile}')`, traceback: "Traceback\n  token = abc" }),
    taskEvent("received", "g", now - 10, { name: "tasks.sleep", args: "()", kwargs: "{}" }),
    taskEvent("started", "g", now - 9),
  );
});
afterAll(() => fed?.[Symbol.asyncDispose]());

const ajv = new Ajv2020({ strict: false });
ajv.addSchema({
  $id: "openapi",
  components: { schemas: JSON.parse(JSON.stringify(shapes).replaceAll("#/components", "openapi#/components")) },
});

async function get<T>(path: string, shape: keyof typeof shapes): Promise<T> {
  const answer = await fed.server.inject(`/api/v2/${path}`);
  expect(answer.statusCode, answer.body).toBe(200);
  const isShaped = ajv.getSchema(`openapi#/components/schemas/${shape}`)!;
  expect(isShaped(answer.json()), JSON.stringify(isShaped.errors)).toBe(true);
  return answer.json();
}

async function problem(path: string, method: "GET" | "POST" = "GET", payload?: object) {
  const answer = await fed.server.inject({ method, url: `/api/v2/${path}`, ...(payload === undefined ? {} : { payload }) });
  return [answer.statusCode, answer.json().error];
}

describe("tasks", () => {
  const uuids = ({ rows }: TaskList) => rows.map(({ uuid }) => uuid);

  it("are listed newest first, a page at a time, and counted", async () => {
    const first = await get<TaskList>("tasks?limit=2", "TaskList");
    expect([uuids(first), first.total]).toEqual([["g", "f"], { count: 5, exact: true }]);
    const second = await get<TaskList>(`tasks?limit=2&after=${first.next}`, "TaskList");
    expect(uuids(second)).toEqual(["c/d, e", "b"]);
    expect(uuids(await get<TaskList>("tasks?sort=timestamp", "TaskList"))).toEqual(["a", "b", "c/d, e", "f", "g"]);
  });

  it.each([
    ["state=FAILURE,STARTED", ["g", "f"]],
    ["state=All&name=tasks.echo", ["c/d, e", "b"]],
    ["queue=fast", ["a"]],
    ["root=a", ["b"]],
    ["worker=nobody", []],
    [`from=${now - 32}&to=${now - 15}`, ["c/d, e", "f"].reverse()],
    ["search=state:FAILURE%20OR%20state:STARTED", ["g", "f"]],
    [`search=${encodeURIComponent('args:"onerror="')}`, ["a"]],
    ["search=-name:tasks.echo%20state:SUCCESS", ["a"]],
  ])("are found by %s", async (query, found) => {
    const list = await get<TaskList>(`tasks?${query}`, "TaskList");
    expect([uuids(list), list.total.count]).toEqual([found, found.length]);
  });

  it("are told with texts as they are, cut, and without their secrets", async () => {
    const { rows } = await get<TaskList>("tasks", "TaskList");
    const [long, first] = [rows.find(({ uuid }) => uuid === "c/d, e")!, rows.find(({ uuid }) => uuid === "a")!];
    expect(first).toMatchObject({ args: `('${hostile}',)`, kwargs: "{'password': '********', 'iban': '********', 'n': 1}", queue: "fast" });
    expect(long.result).toHaveLength(256);
    const view = await get<TaskView>("tasks/c%2Fd%2C%20e", "TaskView");
    expect(view.result).toBe("x".repeat(1_000));
  });

  it("are told one by one, with what happened and what can be done", async () => {
    const view = await get<TaskView>("tasks/f", "TaskView");
    expect(view).toMatchObject({ state: "FAILURE", exception: `RangeError('${hostile}')`, worker: "w1@box", lost: false });
    expect(view.wait).toBeCloseTo(0.5, 3);
    expect(view.ended).toBeCloseTo(now - 19, 3);
    expect(view.events.map(({ type }) => type)).toEqual(["task-received", "task-started", "task-failed"]);
    expect(view.actions).toMatchObject({ revoke: { refusal: "It has ended: FAILURE" }, terminate: { refusal: expect.any(String) } });
    expect((await get<TaskView>("tasks/g", "TaskView")).actions).toMatchObject({ revoke: { refusal: null }, terminate: { refusal: null } });
    expect((await get<TaskView>("tasks/a", "TaskView")).children).toEqual(["b"]);
    expect(await problem("tasks/nope")).toEqual([404, "Unknown task 'nope'"]);
    expect(await get("types", "TaskTypes")).toEqual({ names: ["tasks.add", "tasks.echo", "tasks.fail", "tasks.sleep"] });
  });

  it.each([
    ["limit=many", 'Argument limit: expected a whole number from 0 to 500, got "many"'],
    ["limit=1000", 'Argument limit: expected a whole number from 0 to 500, got "1000"'],
    ["sort=color", expect.stringContaining("Argument sort: expected one of timestamp, -timestamp")],
    ["form=1", 'Unknown argument "form": did you mean "from"?'],
    ["search=(", expect.any(String)],
  ])("are not told where the question cannot be read: %s", async (query, error) => {
    expect(await problem(`tasks?${query}`)).toEqual([400, error]);
  });
});

describe("workers", () => {
  it("are listed, and told one by one", async () => {
    const { rows } = await get<WorkerList>("workers", "WorkerList");
    expect(rows.map(({ name, online, processed, succeeded, failed }) => [name, online, processed, succeeded, failed])).toEqual([
      ["w1@box", true, 5, 3, 1],
      ["w2@box", false, 0, 0, 0],
    ]);
    expect(await get<WorkerView>("workers/w1%40box", "WorkerView")).toMatchObject({
      software: "py-celery 5.6.3",
      inspectedAt: null,
      stats: null,
    });
    expect(await problem("workers/nope")).toEqual([404, "Unknown worker 'nope'"]);
  });

  it("that do not answer did not do it", async () => {
    expect(await problem("workers/w1@box/pool-grow", "POST", { n: 1 })).toEqual([409, expect.stringContaining("'w1@box' did not do it")]);
    expect(await problem("workers/w1@box/pool-autoscale", "POST", { min: 1 })).toEqual([
      400,
      "Missing argument max: expected a whole number from 1 to 10000",
    ]);
    expect(await problem("workers/nope/shutdown", "POST")).toEqual([404, "Unknown worker 'nope'"]);
    const { rows } = await get<AuditList>("audit?limit=2", "AuditList");
    expect(rows).toMatchObject([
      { action: "shutdown", target: "nope", user: "anonymous", refusal: "Unknown worker 'nope'" },
      { action: "autoscale", target: "w1@box", details: { body: '{"min":1}' } },
    ]);
  });
});

describe("what is sent and revoked", () => {
  it("is reported, with those who have answered", async () => {
    const post = async (path: string, payload: object = {}): Promise<ActionReport> =>
      (await fed.server.inject({ method: "POST", url: `/api/v2/${path}`, payload })).json();
    const sent = await post("tasks", { name: "tasks.add", args: [1, 2], options: { queue: "new" } });
    expect(sent).toEqual({ message: "Sent tasks.add", taskId: expect.any(String) });
    const { rows } = await get<QueueList>("queues", "QueueList");
    expect(rows.find(({ name }) => name === "new")).toMatchObject({ messages: 1, consumers: 0, paused: false });
    expect(await post("tasks/g/terminate", { signal: "SIGKILL" })).toEqual({
      message: "Revoked 'g': 0 of 1 workers have answered",
      workers: {},
    });
    expect(await problem("tasks/g/retry", "POST")).toEqual([409, expect.any(String)]);
    expect(await problem("tasks", "POST", { args: [] })).toEqual([400, "Missing argument name: expected a text"]);
  });
});

describe("the whole", () => {
  it("is told at a glance", async () => {
    const overview = await get<Overview>("overview", "Overview");
    expect(overview).toMatchObject({
      workers: { online: 1, offline: 1 },
      failureRate: 0.25,
      failing: [{ name: "tasks.fail", failed: 1, ended: 1, lastException: `RangeError('${hostile}')` }],
    });
    expect(overview.banners.map(({ kind }) => kind)).toEqual(["memory-only", "open-to-all"]);
    expect(overview.throughput).toBeGreaterThan(0);
  });

  it("is told over time, in wide steps as in narrow ones", async () => {
    const sum = async (query: string) => {
      const { points, step } = await get<Series>(`series?${query}`, "Series");
      return [step, points.reduce((total, point) => total + point.succeeded, 0), points.every(({ at }) => at % step === 0)];
    };
    const range = `from=${Math.floor(now) - 7_200}&to=${Math.ceil(now)}`;
    expect([await sum(range), await sum(`${range}&step=600`), await sum(`${range}&step=60&name=tasks.echo`)]).toEqual([
      [60, 3, true],
      [600, 3, true],
      [60, 2, true],
    ]);
    expect(await problem("series?step=90")).toEqual([400, "Argument step: expected a multiple of 60, got 90"]);
    expect((await problem("series?from=1&to=2000000000"))[0]).toBe(400);
  });

  it("is told to whom it is", async () => {
    expect(await get<SessionView>("session", "SessionView")).toMatchObject({
      user: null,
      role: "admin",
      readOnly: null,
      logins: [],
      options: { autoRefresh: true, timeZone: "UTC" },
    });
  });
});

describe("its description", () => {
  it("tells every route, and no other", async () => {
    const document = (await fed.server.inject("/api/v2/openapi.json")).json();
    const told = Object.entries<Record<string, unknown>>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(apiRoutes.length).toBeGreaterThan(20);
    expect(told.sort()).toEqual([...apiRoutes.map(({ method, path }) => `${method} ${path}`), "GET /stream", "GET /events"].sort());
    for (const { method, path } of apiRoutes)
      expect(fed.server.hasRoute({ method, url: `/api/v2${path.replace(/\{(\w+)\}/g, ":$1")}` }), path).toBe(true);
    expect(document.paths["/tasks/{uuid}/retry"].post.description).toBe("Needs the role operator.");
    expect(document.components.schemas).toHaveProperty("TaskRow");
  });

  it("is what there is: all else is a problem, too", async () => {
    expect(await problem("nope?x=1")).toEqual([404, "There is no GET nope below api/v2"]);
    expect(await problem("session", "POST")).toEqual([404, "There is no POST session below api/v2"]);
  });

  it("is a page for people, with no code in it", async () => {
    const page = await fed.server.inject("/api/v2/");
    expect(page.headers["content-type"]).toContain("text/html");
    for (const { path } of apiRoutes) expect(page.body).toContain(path);
    expect(page.body).not.toMatch(/<script|style|onclick|javascript:/i);
  });
});
