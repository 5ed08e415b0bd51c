/** Which app of a module is meant, and what is said where that is not clear. */
import { afterAll, expect, test } from "vitest";
import { createApp } from "../../../packages/core/src/app.ts";
import { findApp } from "../../../packages/core/src/app-source.ts";

const [shop, bank] = [createApp("shop", { broker: "memory://" }), createApp("bank", { broker: "memory://" })];
afterAll(async () => {
  for (const app of [shop, bank]) await app.connect().finally(() => app.close());
});

const moduleUrl = "file:///srv/tasks.ts";
const found = (module: Readonly<Record<string, unknown>>, appName: string | null) => findApp(module, { moduleUrl, appName }).app;

test("finds the only app, under however many names", () => {
  expect(found({ app: shop, default: shop, price: 3 }, null)).toBe(shop);
});

test("finds an app by the name of its export, and by its own", () => {
  expect(found({ first: shop, second: bank }, "second")).toBe(bank);
  expect(found({ first: shop, second: bank }, "bank")).toBe(bank);
});

test.each([
  [{ price: 3 }, null, "no app; it exports no app made by createApp"],
  [{ app: shop }, "bank", 'no app called "bank"; it exports app'],
  [{ first: shop, second: bank }, null, "more than one app; it exports first, second: say which with :name"],
])("refuses %o as %o", (module, appName, said) => {
  expect(() => found(module, appName)).toThrow(
    expect.objectContaining({ code: "APP_NOT_FOUND", message: expect.stringContaining(`${moduleUrl}: ${said}`) }),
  );
});
