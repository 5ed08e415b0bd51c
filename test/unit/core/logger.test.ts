import { describe, expect, it } from "vitest";
import { createLogger, type Logger, type LogLevel, latestLogger, silentLogger, withFields } from "../../../packages/core/src/logger.ts";
import { stars } from "../../../packages/core/src/redact.ts";

const canary = "canary-7f3a";
const levels = ["debug", "info", "warn", "error"] as const;

async function logging(level: LogLevel, base?: object) {
  const lines: string[] = [];
  const logger = await createLogger({ level, sink: { write: (line) => void lines.push(line) }, ...(base === undefined ? {} : { base }) });
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe("a log line", () => {
  it("is one line of JSON: level as a word, time, base fields, fields, message", async () => {
    const { logger, lines, parsed } = await logging("debug", { pid: 7 });
    for (const level of levels) logger[level]("something happened", { task: "a.b", count: 2, text: "one\ntwo" });
    expect(lines.every((line) => line.indexOf("\n") === line.length - 1)).toBe(true);
    expect(parsed()).toEqual(
      levels.map((level) => ({
        level,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        pid: 7,
        task: "a.b",
        count: 2,
        text: "one\ntwo",
        msg: "something happened",
      })),
    );
  });

  it.each([...levels, "silent"] as const)("is written from level %s on", async (level) => {
    const { logger, parsed } = await logging(level);
    for (const each of levels) logger[each](each);
    expect(parsed().map(({ msg }) => msg)).toEqual(level === "silent" ? [] : levels.slice(levels.indexOf(level)));
  });

  it("shows no secret: not in its message, its fields, its base, nor in an error", async () => {
    const url = `redis://:${canary}@host`;
    const { logger, lines, parsed } = await logging("debug", { broker: url, apiKey: canary });
    const about = withFields(logger, { worker: "w", password: canary });
    for (const log of [logger, about])
      for (const level of levels) {
        log[level](`cannot reach ${url}`);
        log[level]("failed", { url, error: new Error(url, { cause: new Error(url) }), headers: [{ authorization: canary }] });
      }
    expect(lines).toHaveLength(16);
    expect(lines.join("")).not.toContain(canary);
    expect(parsed().at(-1)).toMatchObject({ broker: `redis://:${stars}@host`, apiKey: stars, worker: "w", password: stars });
  });

  it("carries the fields of the logger it came from; those of the call win", async () => {
    const { logger, parsed } = await logging("info");
    const about = withFields(withFields(logger, { worker: "w", queue: "a" }), { queue: "b", task: "t" });
    about.info("x", { task: "u" });
    about.info("y");
    expect(parsed().map(({ worker, queue, task, msg }) => [msg, worker, queue, task])).toEqual([
      ["x", "w", "b", "u"],
      ["y", "w", "b", "t"],
    ]);
  });

  it("takes its message as it is", async () => {
    const { logger, parsed } = await logging("info");
    logger.info("100 %d %s %% of %j", { a: 1 });
    logger.info("50 %s");
    expect(parsed().map(({ msg }) => msg)).toEqual(["100 %d %s %% of %j", "50 %s"]);
  });

  it("is not made at all where its level is not shown", async () => {
    const { logger } = await logging("error");
    const fields = {
      get costly(): string {
        throw new Error("asked for");
      },
    };
    logger.debug("x", fields);
    expect(() => silentLogger.error("x", fields)).not.toThrow();
  });

  it("goes to the logger there is by then, for who was given one before", async () => {
    const [first, second] = [await logging("info"), await logging("debug")];
    let current: Logger = silentLogger;
    const logger = latestLogger(() => current);
    logger.error("nobody listens yet");
    for (const { logger: next } of [first, second]) {
      current = next;
      logger.debug("details", { n: 1 });
      logger.warn("told");
    }
    expect([first, second].map(({ parsed }) => parsed().map(({ msg }) => msg))).toEqual([["told"], ["details", "told"]]);
  });

  it("cannot be taken away from under who writes it", async () => {
    const { logger } = await logging("info");
    for (const frozen of [logger, silentLogger, withFields(logger, {})] satisfies Logger[]) expect(Object.isFrozen(frozen)).toBe(true);
  });
});
