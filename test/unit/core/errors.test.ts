import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { errorTable } from "../../../packages/core/src/error-table.ts";
import * as errors from "../../../packages/core/src/errors.ts";

const { BackendError, BrokerError, CeleriacError, ConfigError, PublishError, reasonOf } = errors;
const { ResultTimeoutError, TaskError, TaskRevokedError } = errors;

const remote = { type: "ValueError", module: "builtins", args: ["no"], traceback: null };

/** One of each class. */
function samples(of: typeof errors) {
  return {
    CeleriacError: new of.CeleriacError("APP_CLOSED", "closed"),
    ConfigError: new of.ConfigError("CONFIG_URL", "bad URL"),
    BrokerError: new of.BrokerError("BROKER_AUTH", "no entry"),
    BackendError: new of.BackendError("BACKEND_AUTH", "no entry"),
    PublishError: new of.PublishError("PUBLISH_UNCERTAIN", "who knows"),
    TaskError: new of.TaskError("TASK_FAILED", "failed", { taskId: "1", taskName: "a.b", remote }),
    TaskRevokedError: new of.TaskRevokedError("1", "expired"),
    ResultTimeoutError: new of.ResultTimeoutError("1", 5),
  };
}

const classes = { CeleriacError, ConfigError, BrokerError, BackendError, PublishError, TaskError, TaskRevokedError, ResultTimeoutError };
type ClassName = keyof typeof classes;
const names = Object.keys(classes) as ClassName[];

afterEach(() => vi.resetModules());

describe("an error", () => {
  it.each(names)("of class %s is known as itself and as a CeleriacError, and as nothing else", (name) => {
    const error = samples(errors)[name];
    expect(names.filter((other) => classes[other].is(error))).toEqual([...new Set(["CeleriacError", name])]);
    expect(error).toBeInstanceOf(classes[name]);
    expect(error.name).toBe(name);
  });

  it.each(names)("of class %s is known when another copy of the package made it", async (name) => {
    vi.resetModules();
    const copy: typeof errors = await import("../../../packages/core/src/errors.ts");
    expect(copy.CeleriacError).not.toBe(CeleriacError);
    const foreign = samples(copy)[name];
    expect(foreign instanceof CeleriacError).toBe(false);
    expect(names.filter((other) => classes[other].is(foreign))).toEqual([...new Set(["CeleriacError", name])]);
    expect(names.filter((other) => copy[other].is(samples(errors)[name]))).toEqual([...new Set(["CeleriacError", name])]);
  });

  it("is known by those who derive a class of their own", () => {
    class ShopError extends ConfigError {}
    const error = new ShopError("CONFIG_URL", "x");
    expect([ConfigError.is(error), CeleriacError.is(error), BrokerError.is(error), error.name]).toEqual([true, true, false, "ShopError"]);
  });

  it("is not known by its looks", () => {
    const foreign = runInContext("Object.assign(new Error('x'), { code: 'APP_CLOSED', name: 'CeleriacError' })", createContext({}));
    for (const value of [foreign, new Error("x"), { code: "APP_CLOSED" }, null, undefined, "CeleriacError", 1, () => {}])
      expect(CeleriacError.is(value)).toBe(false);
  });

  it("keeps its cause, and has none where none was given", () => {
    const cause = new Error("ECONNREFUSED");
    expect(new BrokerError("BROKER_UNREACHABLE", "gone", { cause }).cause).toBe(cause);
    expect("cause" in new BrokerError("BROKER_UNREACHABLE", "gone")).toBe(false);
    expect("cause" in new TaskError("TASK_FAILED", "x", { taskId: "1", taskName: null, remote, cause: undefined })).toBe(true);
  });

  it("does not show how it is known across copies", () => {
    expect(Object.keys(new PublishError("PUBLISH_REJECTED", "x"))).toEqual(["code", "name", "retryable"]);
  });

  it("of a publish is not worth repeating unless it says so", () => {
    expect(new PublishError("PUBLISH_REJECTED", "x").retryable).toBe(false);
    expect(new PublishError("PUBLISH_REJECTED", "x", { retryable: true }).retryable).toBe(true);
  });

  it("of a revoked task says why, where that is known", () => {
    expect(new TaskRevokedError("7", "expired").message).toBe("Task 7 was revoked: expired");
    expect(new TaskRevokedError("7", null)).toMatchObject({ message: "Task 7 was revoked", reason: null, taskId: "7" });
  });
});

describe("the table of codes", () => {
  const sources = sourceTexts(fileURLToPath(new URL("../../../packages", import.meta.url)));
  const families = new Set(Object.keys(errorTable).map((code) => code.split("_")[0]));
  const used = new Set(
    sources
      .flatMap((text) => [...text.matchAll(/(?<!environment\[)"([A-Z]+)(_[A-Z]+)+"/g)])
      .filter(([, family]) => families.has(family ?? ""))
      .map(([quoted]) => quoted.slice(1, -1)),
  );

  it("has every code that a source names", () => {
    expect(used.size).toBeGreaterThan(20);
    expect([...used].filter((code) => !(code in errorTable))).toEqual([]);
  });

  it("has no code that no source names", () => {
    expect(Object.keys(errorTable).filter((code) => !used.has(code))).toEqual([]);
  });

  it("says for each code in whole sentences what happened and what to do", () => {
    for (const [code, texts] of Object.entries(errorTable)) for (const text of texts) expect(text, code).toMatch(/^\S.*\.$/);
  });

  function sourceTexts(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return ["node_modules", "dist"].includes(entry.name) ? [] : sourceTexts(path);
      return entry.name.endsWith(".ts") ? [readFileSync(path, "utf8")] : [];
    });
  }
});

describe("the reason of anything thrown", () => {
  it("is the error's message, its name where it has none, and the thrown value else", () => {
    expect(reasonOf(new Error("boom"))).toBe("boom");
    expect(reasonOf(new TypeError())).toBe("TypeError");
    expect(reasonOf("boom")).toBe("boom");
    expect(reasonOf({ code: 5 })).toBe('{"code":5}');
    expect(reasonOf(undefined)).toBe("undefined");
  });

  it("is all reasons of several at once", () => {
    expect(reasonOf(new AggregateError([new Error("::1 refused"), new Error("127.0.0.1 refused")]))).toBe("::1 refused; 127.0.0.1 refused");
    expect(reasonOf(new AggregateError([], "none"))).toBe("none");
  });

  it("is never missing and never throws, whatever was thrown", () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const endless = new AggregateError([]);
    endless.errors.push(endless);
    const hostile = new Proxy(new Error("x"), {
      get() {
        throw new Error("no");
      },
    });
    const odd = [
      cyclic,
      endless,
      hostile,
      5n,
      "",
      Symbol("s"),
      () => {},
      Object.create(null),
      Object.assign(new Error(), { message: 5, name: "" }),
    ];
    for (const thrown of odd) expect(typeof reasonOf(thrown) === "string" && reasonOf(thrown) !== "").toBe(true);
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true, withBoxedValues: true }), (thrown) => {
        expect(reasonOf(thrown)).toMatch(/./s);
      }),
    );
  });
});
