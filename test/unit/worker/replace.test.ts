/** Tasks that replace themselves, in a worker of this process: whoever waits for them gets what the other gives. */
import { chain, createApp, type FailureInfo, group, type Signature } from "@celeriac/core";
import { createWorker } from "@celeriac/worker";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../../support/eventually.ts";

let lastName = 0;

async function world() {
  const app = createApp("replace", { broker: `memory://replace-${++lastName}` });
  onTestFinished(() => app.close());
  const add = app.task("add", (x: number, y: number) => x + y);
  const noted: unknown[] = [];
  const note = app.task("note", (value: unknown) => void noted.push(value));
  const told = app.task("told", (id: string, failure?: FailureInfo) => void noted.push([id, failure]));
  const worker = createWorker(app, { pool: "inline" });
  onTestFinished(() => worker.stop({ deadline: 0 }));
  await worker.start();
  return { app, add, note, told, noted };
}

it("a task that replaces itself gives the other's result, alone and within a chain, to its callbacks as well", async () => {
  const { app, add, note, noted } = await world();
  const twice = app.bound("twice", (self, n: number): number => self.replace(add.s(n, n)));
  const more = app.bound("more", (self, n: number): number => self.replace(chain(add.s(n, 1), add.s(1))));
  expect(await twice.applyAsync([5], { link: note.s() }).get()).toBe(10);
  await eventually(() => expect(noted).toEqual([10]));
  expect(await more.delay(5).get()).toBe(7);
  expect(await chain(add.s(1, 1), twice.s(), more.s(), add.s(10)).delay().get()).toBe(16);
});

it("a task that replaces itself with a group gives the list of all, again and again, in the header of a chord as well", async () => {
  const { app, add } = await world();
  const spread = app.bound("spread", (self, depth: number): unknown =>
    self.replace(depth === 0 ? group(add.s(1, 1), add.s(2, 2)) : group(spread.s(depth - 1), add.s(depth, depth))),
  );
  expect(await spread.delay(2).get()).toEqual([[[2, 4], 2], 4]);
  const count = app.task("count", (values: readonly unknown[]) => values.length);
  const listed = app.bound("listed", (self): unknown[] => self.replace(group(add.s(1, 1), add.s(2, 2), add.s(3, 3))));
  expect(
    await chain(group(listed.s(), add.s(1, 1)), app.task("same", (values: unknown) => values).s())
      .delay()
      .get(),
  ).toEqual([[2, 4, 6], 2]);
  expect(await chain(listed.s(), count.s()).delay().get()).toBe(3);
  const nested = app.bound("nested", (self): unknown => self.replace(chain(add.s(1, 1), spread.partial())));
  expect(await nested.delay().get()).toEqual([[[2, 4], 2], 4].slice());
});

it("a task may be replaced again and again, and after retries", async () => {
  const { app } = await world();
  const countDown = app.bound("count.down", { maxRetries: 2 }, (self, n: number): string => {
    if (self.request.retries < 2) throw self.retry({ countdown: "1ms" });
    return n === 0 ? `${self.request.id} down` : self.replace(countDown.s(n - 1));
  });
  const sent = await countDown.delay(2);
  expect(await sent.get()).toBe(`${sent.id} down`);
  expect((await sent.snapshot()).retries).toBe(2);
});

it("a task's onReplace has the last word on what replaces it", async () => {
  const { app, add } = await world();
  const stamps = app.bound("stamps", (self, _n: number) => self.request.stamps);
  const asked: string[] = [];
  const onReplace = (signature: Signature<[], unknown>, { id }: { readonly id: string }) => {
    asked.push(id, signature.task);
    return signature.stamp({ replaced: id });
  };
  const marked = app.bound("marked", { onReplace }, (self): unknown => self.replace(chain(add.s(1, 1), stamps.s())));
  const sent = await marked.delay();
  expect(await sent.get()).toEqual({ replaced: [sent.id] });
  expect(asked).toEqual([sent.id, "celery.chain"]);
  const other = app.bound("other", { onReplace: () => add.s(2, 2) }, (self): unknown => self.replace(add.s(1, 1)));
  expect(await other.delay().get()).toBe(4);
});

it("what replaces a task fails in its place, and tells its error callbacks once", async () => {
  const { app, told, noted } = await world();
  const fail = app.task("fail", (): number => {
    throw new RangeError("too far");
  });
  const other = app.bound("other", (self): number => self.replace(fail.s()));
  const sent = await other.applyAsync([], { linkError: told.partial() });
  await expect(sent.get()).rejects.toMatchObject({ code: "TASK_FAILED", remote: { type: "RangeError" } });
  await eventually(() => expect(noted).toEqual([[sent.id, expect.objectContaining({ type: "RangeError", message: "too far" })]]));
});
