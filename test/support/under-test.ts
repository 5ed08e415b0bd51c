/** Apps whose broker nobody could reach, and tests of them with `celeriac/testing`. */
import { type App, type AppOptions, createApp } from "celeriac";
import { type TestApp, type TestAppOptions, testApp } from "celeriac/testing";
import { expect, onTestFinished } from "vitest";

/** An error with this code, whose message holds `text`. */
export const coded = (code: string, text = "") => expect.objectContaining({ code, message: expect.stringContaining(text) });
/** when such tests begin, on their own clock */
export const startsAt = new Date("2026-03-01T08:00:00Z");

export const newApp = <D extends object>(options: AppOptions<D> = {}): App<D> =>
  createApp("tested", { broker: "amqp://nowhere.invalid", ...options });

/** In mode worker unless told. Disposed when the test has finished. */
export async function underTest<D extends object>(app: App<D>, options: TestAppOptions<D> = {}): Promise<TestApp> {
  const t = await testApp(app, { mode: "worker", now: startsAt, ...options });
  onTestFinished(() => t[Symbol.asyncDispose]());
  return t;
}
