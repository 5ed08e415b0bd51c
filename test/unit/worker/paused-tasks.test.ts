/** Tasks that are paused by name: none begins, what is put off comes back now and then, and others go on. */
import { expect, it, onTestFinished } from "vitest";
import { BrokerError } from "../../../packages/core/src/errors.ts";
import { startWalk, succeeded } from "../../support/walk.ts";

/** A worker of the tasks "a" and "b", whose broker says what is paused. */
async function stage(...names: readonly string[]) {
  const walk = startWalk();
  walk.app.task("a", { rateLimit: null }, () => 1);
  walk.app.task("b", { rateLimit: "1/m" }, () => 1);
  const paused = new Set(names);
  const asked = { answer: async (of: readonly string[]): Promise<ReadonlySet<string>> => new Set(of.filter((name) => paused.has(name))) };
  const pausedTasks = { pause: async () => {}, resume: async () => {}, paused: (of: readonly string[]) => asked.answer(of) };
  const broker = { connected: true, tellsPauses: false, pausedTasks };
  await walk.paused.watch(broker);
  onTestFinished(() => walk.paused.stop());
  return { walk, paused, asked, broker };
}

it("are put off, uncounted, from the first message on, and others run", async () => {
  const { walk } = await stage("a");
  const [of, other] = [walk.deliver("a"), walk.deliver("b")];
  await walk.clock.advance(0);
  expect(of).toEqual([{ results: [], publish: [], then: { kind: "requeue", afterMs: 4_050, counted: false } }]);
  expect([walk.running.map(({ task }) => task), other]).toEqual([["b"], []]);
  expect(walk.logged).toContainEqual({ message: "task-deferred", fields: expect.objectContaining({ reason: "its task is paused" }) });
});

it("are heeded within two seconds, and forgotten as soon", async () => {
  const { walk, paused } = await stage();
  paused.add("a");
  await walk.clock.advance(2_000);
  walk.deliver("a");
  await walk.clock.advance(0);
  expect([walk.running, walk.logged[0]]).toEqual([[], { message: "task paused", fields: { task: "a" } }]);
  paused.delete("a");
  await walk.clock.advance(2_000);
  walk.deliver("a");
  await walk.clock.advance(0);
  expect(walk.running.map(({ task }) => task)).toEqual(["a"]);
});

it("come back spread over a minute, however many wait", async () => {
  const { walk } = await stage("a");
  const waits = Array.from({ length: 30_000 }, () => walk.paused.waitMs("a"));
  expect([Math.min(...waits), Math.max(...waits)]).toEqual([4_050, 60_050]);
  const perSecond = new Map<number, number>();
  for (const ms of waits) perSecond.set(ms, (perSecond.get(ms) ?? 0) + 1);
  expect(Math.max(...perSecond.values())).toBeLessThan(700);
});

it("are not begun when they are paused while they wait for their turn", async () => {
  const { walk, paused } = await stage();
  walk.deliver("b");
  const held = walk.deliver("b");
  await walk.clock.advance(0);
  await walk.end(succeeded(1));
  paused.add("b");
  await walk.clock.advance(59_000);
  expect([held, walk.running]).toEqual([[], []]);
  await walk.clock.advance(1_000);
  expect([held, walk.running]).toMatchObject([[{ then: { kind: "requeue", counted: false } }], []]);
});

it("are what they were while the broker does not answer", async () => {
  const { walk, asked } = await stage("a");
  asked.answer = async () => {
    throw new BrokerError("BROKER_UNREACHABLE", "away");
  };
  await walk.clock.advance(10_000);
  expect(walk.paused.has("a")).toBe(true);
});

it("are known before anything is taken: a broker that is away is asked again, one that does not tell is warned of", async () => {
  const { walk, broker, asked } = await stage();
  asked.answer = () => Promise.reject(new BrokerError("BROKER_UNREACHABLE", "away"));
  await expect(walk.paused.watch({ ...broker, connected: false })).rejects.toMatchObject({ code: "BROKER_UNREACHABLE" });
  await walk.paused.watch(broker);
  expect(walk.logged.at(-1)).toMatchObject({ message: "it is not known which tasks are paused, asked again" });
});
