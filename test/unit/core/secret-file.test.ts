/** A secret may lie in a file, which a setting or a variable names. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Config, createApp } from "@celeriac/core";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { settingTable } from "../../../packages/core/src/config.ts";
import { fileNames } from "../../../packages/core/src/secret-file.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "celeriac-secret-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const configOf = (config: Config) => createApp("filed", { config }).config;
const coded = (code: string, text: string) => expect.objectContaining({ code, message: expect.stringContaining(text) });

describe("a secret in a file", () => {
  it("is read where the setting's name ends in File, under every name that the setting has", () => {
    const path = file("broker", "redis://user:secret@host/3\n");
    for (const name of ["brokerUrlFile", "broker_url_file", "BROKER_URL_FILE", "CELERY_BROKER_URL_FILE"])
      expect(configOf({ [name]: path }).brokerUrl, name).toBe("redis://user:secret@host/3");
  });

  it("is read where the variable's name ends in _FILE", () => {
    vi.stubEnv("CELERY_BROKER_URL_FILE", file("b", "redis://b"));
    vi.stubEnv("CELERY_RESULT_BACKEND_FILE", file("r", "redis://r\r\n"));
    vi.stubEnv("CELERIAC_COORDINATOR_FILE", file("c", "redis://c\n\n"));
    expect(configOf({})).toMatchObject({ brokerUrl: "redis://b", resultBackend: "redis://r", coordinator: "redis://c" });
  });

  it("gives way to the app's code when the variable names it, as the variable itself does", () => {
    vi.stubEnv("CELERY_BROKER_URL_FILE", file("env", "redis://env"));
    expect(configOf({ broker_url: "redis://code" }).brokerUrl).toBe("redis://code");
    expect(createApp("filed", { broker: "redis://option" }).config.brokerUrl).toBe("redis://option");
    expect(configOf({ broker_url_file: file("code", "redis://in-file-of-code") }).brokerUrl).toBe("redis://in-file-of-code");
  });

  it("names a broker for production as well", async () => {
    vi.stubEnv("NODE_ENV", "production");
    const app = createApp("filed", { config: { brokerUrlFile: file("p", `sqlite://${folder}/p.db`) } });
    await expect(app.connect()).resolves.toBeUndefined();
    await app.close();
  });

  it("that cannot be read, or is empty, is an error that names setting and path", () => {
    const missing = join(folder, "missing");
    expect(() => configOf({ brokerUrlFile: missing })).toThrow(coded("CONFIG_FILE", missing));
    expect(() => configOf({ brokerUrlFile: folder })).toThrow(coded("CONFIG_FILE", "brokerUrlFile"));
    expect(() => configOf({ resultBackendFile: file("empty", "\n") })).toThrow(coded("CONFIG_FILE", "is empty"));
    expect(() => configOf({ brokerUrlFile: 3 as never })).toThrow(coded("CONFIG_FILE", "the path of a file, got 3"));
    vi.stubEnv("CELERY_BROKER_URL_FILE", missing);
    expect(() => configOf({})).toThrow(coded("CONFIG_FILE", "CELERY_BROKER_URL_FILE names a file that cannot be read"));
  });

  it("is not given beside the secret itself", () => {
    const path = file("both", "redis://file");
    const both = coded("CONFIG_INVALID", "brokerUrl and brokerUrlFile are both given");
    expect(() => configOf({ brokerUrl: "redis://code", broker_url_file: path })).toThrow(both);
    vi.stubEnv("CELERY_BROKER_URL", "redis://env");
    vi.stubEnv("CELERY_BROKER_URL_FILE", path);
    expect(() => configOf({})).toThrow(coded("CONFIG_INVALID", "CELERY_BROKER_URL and CELERY_BROKER_URL_FILE are both given"));
  });

  it("stands for what is secret, and for nothing else", () => {
    expect([...fileNames(settingTable)]).toEqual([
      ["brokerUrl", "brokerUrlFile"],
      ["resultBackend", "resultBackendFile"],
      ["coordinator", "coordinatorFile"],
      ["scheduleStore", "scheduleStoreFile"],
    ]);
    expect(() => configOf({ taskDefaultQueueFile: "x" } as Config)).toThrow(coded("CONFIG_UNKNOWN", "taskDefaultQueueFile"));
  });
});
