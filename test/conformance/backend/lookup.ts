/** Result backend cases: what was stored is found as it was. */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { collect, type Suite, seen } from "./world.ts";

export function describeLookup(suite: Suite): void {
  it("gives null for a task nobody has heard of", async () => {
    expect(await suite.caller().get(randomUUID())).toBeNull();
  });

  it("gives the caller what the worker stored", async () => {
    const record = suite.record({ value: { sum: 5 } });
    const watch = await collect(suite.caller(), record.taskId);
    expect(await suite.worker().store(record)).toBe("stored");
    await eventually(async () => expect(seen(await suite.caller().get(record.taskId))).toEqual({ status: "SUCCESS", result: { sum: 5 } }));
    watch.close();
  });

  it("gives many at once, in the order they were asked for, and null for those nobody has heard of", async () => {
    const records = Array.from({ length: 1_200 }, (_, value) => suite.record({ value }));
    const isKnown = (index: number) => index % 40 === 39;
    const known = records.filter((_, index) => isKnown(index));
    const last = await collect(suite.caller(), known.at(-1)!.taskId);
    await Promise.all(known.map((record) => suite.worker().store(record)));
    await eventually(async () => {
      const texts = await suite.caller().getMany(records.map(({ taskId }) => taskId));
      expect(texts.map((text) => seen(text)?.result ?? null)).toEqual(records.map((_, index) => (isKnown(index) ? index : null)));
    });
    expect(await suite.caller().getMany([])).toEqual([]);
    last.close();
  });

  it("keeps the text to the byte where results are looked up by id", async () => {
    if (!suite.world().shared) return expectReplyQueue(suite);
    const record = suite.record({ text: '{"status": "SUCCESS",\n "result": 12345678901234567890123, "nan": NaN}' });
    await suite.worker().store(record);
    expect(await suite.caller().get(record.taskId)).toBe(record.text);
    expect(suite.caller().replyTo).toBeNull();
  });

  it("keeps unicode, nulls and control characters", async () => {
    const value = 'Gr\u00fc\u00dfe \ud83d\ude80 \u65e5\u672c\u8a9e \u0000 \u2028 " \\ \r\n';
    const record = suite.record({ value });
    const watch = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(async () => expect(seen(await suite.caller().get(record.taskId))?.result).toBe(value));
    watch.close();
  });

  it("keeps a text of 1 MB", async () => {
    const value = "x".repeat(1_048_576);
    const record = suite.record({ value });
    const watch = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(() => expect(watch.last()?.result === value).toBe(true));
    watch.close();
  });

  it("forgets", async () => {
    const record = suite.record();
    const watch = await collect(suite.caller(), record.taskId);
    await suite.worker().store(record);
    await eventually(async () => expect(await suite.caller().get(record.taskId)).not.toBeNull());
    watch.close();
    await suite.caller().forget(record.taskId);
    expect(await suite.caller().get(record.taskId)).toBeNull();
    await suite.caller().forget(record.taskId);
  });

  it("keeps tasks apart", async () => {
    const records = [1, 2, 3].map((value) => suite.record({ value }));
    const watches = await Promise.all(records.map((record) => collect(suite.caller(), record.taskId)));
    await Promise.all(records.map((record) => suite.worker().store(record)));
    await eventually(() => expect(watches.map((watch) => watch.last()?.result)).toEqual([1, 2, 3]));
    for (const watch of watches) watch.close();
  });
}

async function expectReplyQueue(suite: Suite): Promise<void> {
  const second = suite.world().open();
  await second.connect();
  expect(suite.caller().replyTo).toEqual(expect.any(String));
  expect(second.replyTo).not.toBe(suite.caller().replyTo);
  await second.close();
}
