/** Text that somebody wrote to do harm, in every field that an event has: it comes out as it went in, as JSON and nothing else. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { taskEvent, workerEvent } from "../../../support/heard.ts";
import { type FedMonitor, fedMonitor } from "../../../support/monitor/fed-monitor.ts";

const corpus: readonly string[] = [
  '<img src=x onerror="window.__x=1">',
  "</script><script>alert(1)</script>",
  '"><svg/onload=alert(1)>',
  "javascript:alert(1)",
  "{{constructor.constructor('alert(1)')()}}",
  "a\r\nX-Evil: 1",
  "\u2028\u2029\u202e",
  "%3Cscript%3E%00",
  "'; drop table task; --",
  "__proto__",
  "constructor",
  "../../etc/passwd?x=1#y",
  "🐍",
];

const now = Date.now() / 1_000;
let fed: FedMonitor;

beforeAll(async () => {
  fed = await fedMonitor();
  for (const [at, text] of corpus.entries()) {
    const call = { name: text, args: text, kwargs: text, root_id: text, parent_id: text, eta: text, expires: text, retries: 0 };
    await fed.feed(
      workerEvent("online", text, now, { sw_ident: text, sw_ver: text, sw_sys: text }),
      taskEvent("sent", `${at}${text}`, now, { ...call, queue: text, exchange: text, routing_key: text }),
      taskEvent("received", `${at}${text}`, now + 1, { ...call, hostname: text }),
      taskEvent("failed", `${at}${text}`, now + 2, { exception: text, traceback: text, hostname: text }),
    );
  }
});
afterAll(() => fed?.[Symbol.asyncDispose]());

async function json(path: string) {
  const answer = await fed.server.inject(path);
  expect([answer.statusCode, path]).toEqual([200, path]);
  expect(answer.headers).toMatchObject({ "content-type": "application/json; charset=UTF-8", "x-content-type-options": "nosniff" });
  expect(answer.headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
  expect(answer.headers["x-evil"]).toBeUndefined();
  // It may be put into a page.
  expect(answer.body).not.toContain("</");
  return answer.json();
}

const own = { exception: 1, args: 1, kwargs: 1, queue: 1, exchange: 1, eta: 1, expires: 1, name: 1, worker: 1 };

it.each(corpus)("comes out as it went in: %s", async (text) => {
  const uuid = `${corpus.indexOf(text)}${text}`;
  const same = Object.fromEntries(Object.keys(own).map((key) => [key, text]));
  const path = encodeURIComponent(uuid);
  expect(await json(`/api/v2/tasks/${path}`)).toMatchObject({
    ...same,
    uuid,
    routingKey: text,
    traceback: text,
    rootId: text,
    parentId: text,
  });
  const { queue: _queue, ...told } = same;
  expect(await json(`/api/task/info/${path}`)).toMatchObject({ ...told, uuid, routing_key: text, traceback: text, root_id: text });
  expect(await json(`/api/v2/workers/${encodeURIComponent(text)}`)).toMatchObject({ name: text, software: `${text} ${text}` });
  const found = await json(`/api/v2/tasks?${new URLSearchParams({ name: text, queue: text, worker: text })}`);
  expect(found.rows).toMatchObject([{ uuid, ...same }]);
});

it("is found by a search for it", async () => {
  for (const text of corpus.slice(0, 5)) {
    const search = `args:"${text.replaceAll('"', '\\"')}"`;
    const { rows } = await json(`/api/v2/tasks?${new URLSearchParams({ search })}`);
    expect(rows.map(({ args }: { args: string }) => args)).toEqual([text]);
  }
});

it("is listed whole, each under its own id", async () => {
  const ids = corpus.map((text, at) => `${at}${text}`).sort();
  expect((await json("/api/v2/tasks?limit=500")).rows.map(({ uuid }: { uuid: string }) => uuid).sort()).toEqual(ids);
  expect(Object.keys(await json("/api/tasks?limit=400")).sort()).toEqual(ids);
  expect((await json("/api/v2/types")).names).toEqual([...corpus].sort());
});

it("is told in refusals as text that is no markup", async () => {
  for (const text of corpus) {
    const ours = await fed.server.inject(`/api/v2/tasks/${encodeURIComponent(text)}`);
    expect([ours.statusCode, ours.json().error]).toEqual([404, `Unknown task '${text}'`]);
    const page = await fed.server.inject(`/api/workers?workername=${encodeURIComponent(`?${text}`)}`);
    expect(page.statusCode).toBe(404);
    expect(page.body).not.toMatch(/<[a-z/]/i);
  }
});
