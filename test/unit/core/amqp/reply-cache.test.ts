import { expect, test } from "vitest";
import { createReplyCache } from "../../../../packages/core/src/backends/reply-cache.ts";

const reply = (status: string, result: unknown, retries?: number) =>
  JSON.stringify({ status, result, ...(retries === undefined ? {} : { retries }) });

test.each([
  ["SUCCESS stands, whatever comes", reply("SUCCESS", 1, 0), reply("FAILURE", 2, 5), 1],
  ["a failure gives way to a later attempt", reply("FAILURE", 1, 0), reply("STARTED", 2, 1), 2],
  ["a failure stands against an older attempt", reply("FAILURE", 1, 2), reply("SUCCESS", 2, 1), 1],
  ["a failure stands against a state of its own attempt", reply("FAILURE", 1, 2), reply("STARTED", 2, 2), 1],
  ["without attempts, as from Celery, a failure gives way", reply("FAILURE", 1), reply("SUCCESS", 2), 2],
  ["a state gives way to the next", reply("STARTED", 1, 0), reply("PROGRESS", 2, 0), 2],
])("%s", (_, first, second, kept) => {
  const cache = createReplyCache();
  cache.add("id", first);
  cache.add("id", second);
  expect(JSON.parse(cache.get("id") ?? "null")).toMatchObject({ result: kept });
});

test("the words Python writes for numbers JSON lacks do not hide a success", () => {
  const cache = createReplyCache();
  const success = '{"task_id": "id", "status": "SUCCESS", "result": NaN}';
  cache.add("id", success);
  cache.add("id", reply("FAILURE", 2));
  expect(cache.get("id")).toBe(success);
});

test("a hundred thousand replies are kept, rather those nobody saw than those somebody did; large ones make fewer", () => {
  const dropped: string[] = [];
  const cache = createReplyCache((taskId) => dropped.push(taskId));
  for (let n = 0; n < 100_000; n++) cache.add(String(n), reply("SUCCESS", n));
  expect(cache.get("7")).not.toBeNull();
  cache.add("one more", reply("SUCCESS", 1));
  expect([cache.get("7"), dropped]).toEqual([null, []]);
  cache.add("two more", reply("SUCCESS", 2));
  expect(dropped).toEqual(["0"]);
  const large = reply("SUCCESS", "x".repeat(40 * 1024 * 1024));
  cache.add("large", large);
  cache.add("larger", large);
  expect(cache.get("large")).toBeNull();
  expect(cache.get("larger")).toBe(large);
});
