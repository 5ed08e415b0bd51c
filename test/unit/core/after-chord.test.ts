/** What ends a chord is what Celery's worker sends and stores for the same members: held against captures of the real one. */
import { createApp } from "@celeriac/core";
import { runtimeOf } from "@celeriac/core/runtime";
import { expect, it } from "vitest";
import { afterChord } from "../../../packages/core/src/after-chord.ts";
import type { CountedPart } from "../../../packages/core/src/chord.ts";
import type { SignatureJson } from "../../../packages/core/src/step.ts";
import { goldenCase } from "../../support/golden.ts";

type Members = Readonly<Record<string, unknown>>;

const app = createApp("golden", { broker: "memory://golden" });
const runtime = runtimeOf(app)!;

it("sends the body as Celery does", () => {
  const { messages: captured } = goldenCase("worker-publishes-redis", "chord_body_publish");
  const messages = captured.map(({ raw }) => {
    const { body, ...message } = JSON.parse(raw) as { body: string; headers: Members; properties: Members };
    return { ...message, decoded: JSON.parse(Buffer.from(body, "base64").toString()) as [unknown, unknown, Members] };
  });
  const [first, last, body] = messages;
  const signature = last!.decoded[2]["chord"] as SignatureJson;
  const parts = [first, last].map(
    (message, index): CountedPart => ({ taskId: String(message!.headers["id"]), state: "SUCCESS", value: String(index * 2 + 2) }),
  );
  const parent = { rootId: String(last!.headers["root_id"]), parentId: String(last!.headers["id"]), priority: null };
  const after = afterChord(runtime, { id: String(last!.headers["group"]), body: signature, parts, parent, hostname: "celery@here" });
  expect(after).toMatchObject({ opens: [], results: [], outer: [] });
  const [{ envelope }] = after.publish as [(typeof after.publish)[number]];
  const { lang: _lang, origin: _origin, ...headers } = body!.headers;
  expect(envelope.headers).toMatchObject(headers);
  expect(Object.keys(envelope.headers).filter((name) => !(name in body!.headers))).toEqual([]);
  expect(envelope.properties).toMatchObject({ correlationId: body!.properties["correlation_id"], replyTo: body!.properties["reply_to"] });
  expect(JSON.parse(Buffer.from(envelope.body).toString())).toEqual(body!.decoded);
});

it("fails the body with what Celery stores for it", () => {
  const { stored } = goldenCase("results-redis", "chord_failure");
  const texts = stored.map(({ text }) => text);
  const failure = JSON.parse(texts.find((text) => text.includes("ChordError"))!) as Members;
  const member = JSON.parse(texts.find((text) => text.includes("ValueError") && !text.includes("ChordError"))!) as Members;
  const taskId = String(failure["task_id"]);
  const body = { task: "proj.xsum", args: [], kwargs: {}, options: { task_id: taskId }, subtask_type: null, immutable: false };
  const part: CountedPart = { taskId: String(member["task_id"]), state: "FAILURE", value: JSON.stringify(member["result"]) };
  const parent = { rootId: part.taskId, parentId: part.taskId, priority: null };
  const { results, publish } = afterChord(runtime, { id: "chord", body, parts: [part], parent, hostname: "celery@here" });
  expect(publish).toEqual([]);
  expect(results.map(({ text }) => JSON.parse(text) as Members)).toMatchObject([
    { task_id: taskId, status: "FAILURE", result: failure["result"] },
  ]);
});

it("says once that a body with a priority is sent where others have none", () => {
  const warned: string[] = [];
  const silent = () => {};
  const logger = { debug: silent, info: silent, warn: (line: string) => void warned.push(line), error: silent };
  const told = runtimeOf(createApp("priorities", { broker: "memory://priorities", logger }))!;
  const body = { task: "sum", args: [], kwargs: {}, options: { task_id: "b", priority: 3 }, subtask_type: null, immutable: false };
  const part: CountedPart = { taskId: "a", state: "SUCCESS", value: "1" };
  const parent = { rootId: "a", parentId: "a", priority: null };
  afterChord(told, { id: "chord", body, parts: [part], parent, hostname: "celery@here" });
  expect(warned).toEqual([expect.stringContaining("PRIORITY_DEFAULT_UNSET")]);
});
