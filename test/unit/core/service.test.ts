import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createService, type ServiceSteps } from "../../../packages/core/src/service.ts";
import { quiet } from "../../support/fake-clock.ts";

const stopped = expect.objectContaining({ code: "SERVICE_STOPPED" });

/** Steps that take their time and write down what happened. */
function steps(start: (signal: AbortSignal) => Promise<void> = async () => {}) {
  const log: string[] = [];
  const noted: ServiceSteps = {
    async start(signal) {
      log.push("start");
      try {
        await start(signal);
        log.push("started");
      } catch (error) {
        log.push("start failed");
        throw error;
      }
    },
    async stop(deadlineMs) {
      log.push(`stop ${deadlineMs ?? "without deadline"}`);
      await quiet();
      log.push("stopped");
    },
  };
  return { log, noted };
}

describe("a service", () => {
  it("starts once and stops once, however often it is asked", async () => {
    const { log, noted } = steps();
    const service = createService("s", noted);
    await Promise.all([service.start(), service.start()]);
    await service.start();
    await Promise.all([service.stop({ deadlineMs: 5 }), service.stop({ deadlineMs: 9 })]);
    await service.stop();
    expect(log).toEqual(["start", "started", "stop 5", "stopped"]);
  });

  it("that was stopped before it started does nothing, and does not start any more", async () => {
    const { log, noted } = steps();
    const service = createService("the pump", noted);
    await service.stop();
    await expect(service.start()).rejects.toEqual(stopped);
    await expect(service.start()).rejects.toThrow("the pump was stopped before it was ready");
    expect(log).toEqual([]);
  });

  it("that is stopped while it starts gives up starting, then cleans up", async () => {
    const { log, noted } = steps((signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())));
    const service = createService("s", noted);
    const starting = service.start();
    const stopping = service.stop();
    await expect(starting).rejects.toEqual(stopped);
    await stopping;
    expect(log).toEqual(["start", "started", "stop without deadline", "stopped"]);
  });

  it("that could not start says why to all who asked, and still cleans up", async () => {
    const { log, noted } = steps(async () => {
      throw new Error("port taken");
    });
    const service = createService("s", noted);
    const answers = await Promise.allSettled([service.start(), service.start()]);
    expect(answers.map((answer) => (answer as PromiseRejectedResult).reason.message)).toEqual(["port taken", "port taken"]);
    await expect(service.start()).rejects.toThrow("port taken");
    await service.stop();
    expect(log).toEqual(["start", "start failed", "stop without deadline", "stopped"]);
  });

  it("whose start step throws at once rejects, as any other failure to start", async () => {
    const service = createService("s", {
      start() {
        throw new Error("at once");
      },
      stop: async () => {},
    });
    await expect(service.start()).rejects.toThrow("at once");
    await service.stop();
  });

  it("that could not stop says so to all who asked", async () => {
    const service = createService("s", {
      start: async () => {},
      stop: async () => {
        throw new Error("stuck");
      },
    });
    await service.start();
    await expect(service.stop()).rejects.toThrow("stuck");
    await expect(service.stop()).rejects.toThrow("stuck");
  });

  it("leaves no rejection unhandled when it is stopped while it starts and nobody waits for the start", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listen);
    try {
      const service = createService("s", steps().noted);
      void service.start();
      await service.stop();
      await quiet();
    } finally {
      process.off("unhandledRejection", listen);
    }
    expect(unhandled).toEqual([]);
  });

  it("is stopped by `await using`", async () => {
    const { log, noted } = steps();
    {
      await using service = createService("s", noted);
      await service.start();
    }
    expect(log.at(-1)).toBe("stopped");
  });

  type Move = "start" | "stop" | "dispose" | "wait" | "fail" | "ready";
  const moves = fc.array(fc.constantFrom<Move>("start", "stop", "dispose", "wait", "fail", "ready"), { maxLength: 12 });

  it("settles every call, stops after it started, and cleans up once, in whatever order start and stop come", async () => {
    await fc.assert(
      fc.asyncProperty(moves, fc.boolean(), async (order, heedsSignal) => {
        let settle: { resolve: () => void; reject: (error: Error) => void } | null = null;
        const { log, noted } = steps(
          (signal) =>
            new Promise((resolve, reject) => {
              settle = { resolve, reject };
              if (heedsSignal) signal.addEventListener("abort", () => resolve());
            }),
        );
        const service = createService("s", noted);
        const calls: PromiseLike<unknown>[] = [];
        const call = (answer: PromiseLike<unknown>) => {
          answer.then(undefined, () => {});
          calls.push(answer);
        };
        for (const move of order) {
          if (move === "start") call(service.start());
          else if (move === "stop") call(service.stop());
          else if (move === "dispose") call(service[Symbol.asyncDispose]());
          else if (move === "wait") await quiet();
          else if (move === "fail") (settle as { reject: (error: Error) => void } | null)?.reject(new Error("failed"));
          else (settle as { resolve: () => void } | null)?.resolve();
        }
        (settle as { resolve: () => void } | null)?.resolve();
        call(service.stop());
        const answers = await Promise.allSettled(calls);

        expect(answers.at(-1)?.status).toBe("fulfilled");
        for (const answer of answers)
          if (answer.status === "rejected") expect(["failed", "s was stopped before it was ready"]).toContain(answer.reason.message);
        expect(log.filter((entry) => entry === "start").length).toBeLessThanOrEqual(1);
        const begun = log.includes("start");
        expect(log.filter((entry) => entry === "stopped").length).toBe(begun ? 1 : 0);
        if (begun) expect(log.at(-1)).toBe("stopped");
      }),
      { numRuns: 200 },
    );
  });
});
