import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CeleriacError } from "@celeriac/core/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadApp, loadAppOrNone } from "../../../packages/cli/src/load-app.ts";
import { projectFolder } from "../../support/project-folder.ts";

let folder: ReturnType<typeof projectFolder>;

beforeEach(() => {
  folder = projectFolder("load-app");
});
afterEach(() => folder.remove());

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), text);
  }
}

/** A module that exports apps: export → the app's name. */
function apps(named: Readonly<Record<string, string>>): string {
  const lines = Object.entries(named).map(([key, name]) => `export const ${key} = createApp(${JSON.stringify(name)});`);
  return ['import { createApp } from "celeriac";', ...lines].join("\n");
}

async function nameOf(wanted: string | null): Promise<string> {
  return (await loadApp(wanted, folder.path)).app.name;
}

async function refusal(wanted: string | null): Promise<string> {
  const error: unknown = await loadApp(wanted, folder.path).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!CeleriacError.is(error)) throw new Error(`Expected an error of ours, got ${String(error)}`);
  expect(error.code).toBe("APP_NOT_FOUND");
  return error.message;
}

describe("finding the app", () => {
  it("takes the file that -A names, with or without its ending", async () => {
    write({ "jobs/mail.ts": apps({ app: "mail" }), "plain.mjs": apps({ app: "plain" }) });
    expect(await nameOf("./jobs/mail.ts")).toBe("mail");
    expect(await nameOf("jobs/mail")).toBe("mail");
    expect(await nameOf("plain")).toBe("plain");
    expect(await nameOf(join(folder.path, "plain.mjs"))).toBe("plain");
  });

  it("takes index or celery of the folder that -A names", async () => {
    write({ "a/index.ts": apps({ app: "by index" }), "b/celery.js": apps({ app: "by celery" }) });
    expect(await nameOf("./a")).toBe("by index");
    expect(await nameOf("b/")).toBe("by celery");
  });

  it("takes one of several apps by its export or by its own name", async () => {
    write({ "two.ts": apps({ first: "shop", second: "mail" }) });
    expect(await nameOf("./two.ts:second")).toBe("mail");
    expect(await nameOf("two:shop")).toBe("shop");
    expect(await loadApp("two:mail", folder.path)).toMatchObject({ file: "./two.ts", source: { appName: "second" } });
  });

  it("takes an app once that is exported under two names", async () => {
    write({ "tasks.ts": `${apps({ app: "shop" })}\nexport { app as celery };` });
    expect(await nameOf(null)).toBe("shop");
  });

  it("looks without -A into package.json, then for celery, tasks, and both in src", async () => {
    write({ "src/tasks.ts": apps({ app: "src/tasks" }) });
    expect(await nameOf(null)).toBe("src/tasks");
    write({ "tasks.js": apps({ app: "tasks" }) });
    expect(await nameOf(null)).toBe("tasks");
    write({ "celery.mjs": apps({ app: "celery" }) });
    expect(await nameOf(null)).toBe("celery");
    write({ "lib/a.ts": apps({ one: "1", two: "2" }), "package.json": '{"type": "module", "celeriac": {"app": "./lib/a.ts:two"}}' });
    expect(await nameOf(null)).toBe("2");
  });

  it("says what it tried", async () => {
    expect(await refusal(null)).toMatch(/^no app was named with -A, and .* has no .* in package\.json, no celery\.ts or tasks\.ts .*src$/);
    expect(await refusal("./nope.ts")).toBe("-A ./nope.ts: there is no such module; tried ./nope.ts");
    expect(await refusal("nope")).toMatch(/tried \.\/nope, \.\/nope\.ts, .*\.\/nope\.js/);
    write({ "empty/other.ts": "" });
    expect(await refusal("empty")).toMatch(/tried \.\/empty\/index\.ts, .*\.\/empty\/celery\.ts/);
  });

  it("says what the module exports when that is no app, or more than one", async () => {
    write({ "none.ts": "export const add = 1, send = 2;", "nothing.ts": "export {};", "two.ts": apps({ first: "shop", second: "mail" }) });
    expect(await refusal("none.ts")).toBe("./none.ts exports no app made by createApp; it exports add, send");
    expect(await refusal("nothing.ts")).toBe("./nothing.ts exports no app made by createApp; it exports nothing");
    expect(await refusal("two.ts")).toBe(
      './two.ts exports 2 apps, first (app "shop"), second (app "mail"): say which, as in -A ./two.ts:first',
    );
    expect(await refusal("two.ts:third")).toBe('./two.ts exports no app "third", but first (app "shop"), second (app "mail")');
  });

  it("tells an app that another installation made", async () => {
    write({ "tasks.ts": "export const app = { name: 'shop', sendTask() {}, signals: {} };" });
    expect(await refusal(null)).toMatch(/its app was made by another installation of Celeriac.*npx celeriac/);
  });

  it("says why a module could not be loaded", async () => {
    write({ "broken.mjs": 'import "./absent.mjs";', "throws.mjs": 'throw new Error("no database");' });
    expect(await refusal("broken")).toMatch(/^\.\/broken\.mjs could not be loaded: .*absent\.mjs/);
    expect(await refusal("throws")).toBe("./throws.mjs could not be loaded: no database");
  });

  it("refuses a package.json that names no path", async () => {
    write({ "package.json": '{"celeriac": {"app": 3}}' });
    expect(await refusal(null)).toBe('package.json says "celeriac": { "app": 3 }: expected the path of a module');
  });
});

describe("doing without an app", () => {
  it("sends by name where a broker is known and no app is there", async () => {
    expect(await loadAppOrNone(null, folder.path, true)).toMatchObject({ source: null, file: null });
    await expect(loadAppOrNone(null, folder.path, false)).rejects.toThrow(/no app was named/);
    await expect(loadAppOrNone("./nope.ts", folder.path, true)).rejects.toThrow(/no such module/);
  });

  it("prefers an app that is there", async () => {
    write({ "tasks.ts": apps({ app: "shop" }) });
    expect((await loadAppOrNone(null, folder.path, true)).app.name).toBe("shop");
  });
});
