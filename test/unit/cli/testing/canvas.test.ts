/** Canvases under test with `celeriac/testing`: chains, groups and chords end in every mode in which tasks run, and are recorded where none does. */
import { chain, group } from "celeriac";
import { expect, it } from "vitest";
import { newApp, underTest } from "../../../support/under-test.ts";

function shop() {
  const app = newApp();
  const price = app.task("price", (n: number) => n * 100);
  const total = app.task("total", (prices: readonly number[]) => prices.reduce((sum, each) => sum + each, 0));
  const tax = app.bound("tax", (self, sum: number): number => self.replace(add.s(sum, sum / 4)));
  const add = app.task("add", (x: number, y: number) => x + y);
  const canvas = chain(group(price.s(1), price.s(2)), total.s(), tax.s());
  return { app, price, total, tax, canvas };
}

it.each(["eager", "worker"] as const)("a canvas ends in mode %s", async (mode) => {
  const { app, total, canvas } = shop();
  const t = await underTest(app, { mode });
  const sent = await canvas.delay();
  await t.drain();
  expect(await sent.get()).toBe(375);
  expect(await t.waitFor(total, "SUCCESS")).toMatchObject({ value: 300 });
});

it("what a canvas sends at once is recorded in mode fake", async () => {
  const { app, price, total, canvas } = shop();
  const t = await underTest(app, { mode: "fake" });
  await canvas.delay();
  expect(t.enqueued(price).map(({ args }) => args)).toEqual([[1], [2]]);
  expect(t.enqueued(total)).toEqual([]);
});
