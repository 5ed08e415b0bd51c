/** Which facts of a server are worth a warning. */
import type { Broker, ResultBackend, ServerFacts } from "@celeriac/core/runtime";
import { expect, it } from "vitest";
import { warnOfServers } from "../../../packages/worker/src/start-warnings.ts";

const sound: ServerFacts = { software: "Redis 7", skewMs: 0, persistent: true };

async function warningsOf(facts: () => Promise<ServerFacts>, settings = { brokerUrl: "redis://a", resultBackend: null as string | null }) {
  const warnings: object[] = [];
  const told: string[] = [];
  const logger = {
    debug: (message: string) => void told.push(message),
    info() {},
    warn: (message: string, fields?: object) => void warnings.push({ message, ...fields }),
    error() {},
  };
  const broker = { facts, settlesResults: false } as unknown as Broker;
  await warnOfServers({ broker, backend: { facts } as unknown as ResultBackend, settings, logger });
  return { warnings, told };
}

it.each([0, 999, -1_000])("says nothing of a clock that is %i ms ahead", async (skewMs) => {
  expect((await warningsOf(async () => ({ ...sound, skewMs }))).warnings).toEqual([]);
});

it.each([
  [1_234.5, 1.235],
  [-61_000, -61],
])("gives the figure of one that is %d ms ahead", async (skewMs, aheadSeconds) => {
  expect((await warningsOf(async () => ({ ...sound, skewMs }))).warnings).toEqual([
    expect.objectContaining({ message: "a server's clock differs from this machine's", server: "broker", aheadSeconds }),
  ]);
});

it("tells broker and result backend apart where they are two", async () => {
  const { warnings } = await warningsOf(async () => ({ ...sound, persistent: false }), {
    brokerUrl: "redis://a",
    resultBackend: "redis://b",
  });
  expect(warnings).toEqual([
    expect.objectContaining({ server: "broker", reason: expect.stringMatching(/all tasks are lost/) }),
    expect.objectContaining({ server: "result backend", reason: expect.stringMatching(/all results are lost/) }),
  ]);
});

it("asks drivers that are objects with a state of their own, as SQLite's", async () => {
  class Driver {
    readonly settlesResults = true;
    readonly #facts = { ...sound, skewMs: 5_000 };
    async facts(): Promise<ServerFacts> {
      return this.#facts;
    }
  }
  const warn: string[] = [];
  const logger = { debug() {}, info() {}, warn: (message: string) => void warn.push(message), error() {} };
  const broker = new Driver() as unknown as Broker;
  await warnOfServers({ broker, backend: null, settings: { brokerUrl: "sqlite://./a.db", resultBackend: null }, logger });
  expect(warn).toEqual(["a server's clock differs from this machine's"]);
});

it("says nothing of what is unknown, nor of memory, which nobody takes for a disk", async () => {
  expect((await warningsOf(async () => ({ ...sound, skewMs: null, persistent: null }))).warnings).toEqual([]);
  const memory = { brokerUrl: "memory://", resultBackend: null };
  expect((await warningsOf(async () => ({ ...sound, persistent: false }), memory)).warnings).toEqual([]);
});

it("starts all the same where a server cannot be asked", async () => {
  expect(await warningsOf(() => Promise.reject(new Error("gone")))).toEqual({
    warnings: [],
    told: ["a server could not be asked about itself"],
  });
});
