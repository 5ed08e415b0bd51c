/** The testing kit: what was sent, stubs and states keep the types of their tasks. */
import { type SentTask, testApp } from "celeriac/testing";
import { add, app } from "./app.ts";
import { type Equal, expectType } from "./equal.ts";

export async function underTest(): Promise<void> {
  const score = app.declare<(doc: string) => number>("ml.score");
  await using t = await testApp(app, { mode: "worker", deps: { db: { query: () => [] } }, now: new Date(0) });
  t.stub(score, async (doc) => doc.length);
  // @ts-expect-error the stub gives what the task gives
  t.stub(score, async () => "x");
  // @ts-expect-error the stub takes what the task takes
  t.stub(score, (doc: number) => doc);
  await add.applyAsync([1, 2], { countdown: "1h" });
  const [first] = t.enqueued(add);
  expectType<Equal<typeof first, SentTask<typeof add> | undefined>>();
  expectType<Equal<NonNullable<typeof first>["args"], [x: number, y: number]>>();
  await t.clock.advance("1h");
  await t.clock.set(new Date(t.clock.now().getTime() + 1_000));
  const done = await t.waitFor(add, "SUCCESS");
  expectType<Equal<typeof done.value, number>>();
  const failed = await t.waitFor(add, "FAILURE");
  expectType<Equal<typeof failed.error.remote.type, string>>();
  // @ts-expect-error no such state
  await t.waitFor(add, "DONE");
  t.fail(score, new Error("x"), { times: 2 });
  t.crash(add);
  await t.drain();
  // @ts-expect-error no such mode
  await testApp(app, { mode: "real" });
  // @ts-expect-error not what the app's tasks need
  await testApp(app, { deps: { db: { query: () => 1 } } });
  // @ts-expect-error a length of time is a Duration
  await t.clock.advance("1 hour");
}
