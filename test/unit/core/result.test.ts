/** The handle of a task: what it makes of stored texts, and that whoever waits is let go in every case. */
import { getEventListeners } from "node:events";
import { BackendError, type ErrorClass, isGroupResult, type TaskError } from "@celeriac/core";
import { describe, expect, it } from "vitest";
import type { ResultBackend } from "../../../packages/core/src/backend.ts";
import { reviveError } from "../../../packages/core/src/failure.ts";
import { createResult } from "../../../packages/core/src/result-tree.ts";
import { endOf } from "../../support/end-of.ts";
import { createFakeClock, quiet } from "../../support/fake-clock.ts";

const coded = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const success = '{"status": "SUCCESS", "result": 3, "traceback": null, "children": [], "date_done": null, "task_id": "1"}';
const progress = (done: number) => JSON.stringify({ status: "PROGRESS", result: { done }, task_id: "1" });

/** One task and a backend whose every word the test says. */
function world({ connecting = Promise.resolve(), throws = [] as readonly ErrorClass[] } = {}) {
  const clock = createFakeClock();
  const listeners = new Set<(text: string) => void>();
  let stored: string | null = null;
  const backend = {
    connect: () => connecting,
    get: async () => stored,
    async subscribe(_id, listener) {
      listeners.add(listener);
      if (stored !== null) listener(stored);
      return { close: () => void listeners.delete(listener) };
    },
  } as Partial<ResultBackend> as ResultBackend;
  const waits = new Set<(closed: Error) => void>();
  const handle = createResult<number, { done: number }>(
    {
      clock,
      waits,
      ...{ backend: async () => backend, control: () => Promise.reject(new Error("not asked for")) },
      settings: { resultExpires: "1d", resultSerializer: "json" },
      revive: (_task, remote) => reviveError(throws, remote),
    },
    { id: "1", taskName: "t", known: true },
  );
  return {
    clock,
    handle,
    /** who still waits, in the app and at the backend */
    left: () => [waits.size, listeners.size, clock.pending],
    say(text: string) {
      stored = text;
      for (const listener of listeners) listener(text);
    },
    closeApp: () => {
      for (const end of waits) end(new Error("closed"));
    },
  };
}

async function statesOf(changes: AsyncIterable<{ readonly state: string }>): Promise<readonly string[]> {
  const states: string[] = [];
  for await (const { state } of changes) states.push(state);
  return states;
}

describe("get()", () => {
  it("gives the value that is there, and the one that comes", async () => {
    const early = world();
    early.say(success);
    expect(await early.handle.get()).toBe(3);
    const late = world();
    const end = endOf(late.handle.get());
    await quiet();
    late.say(progress(1));
    late.say(success);
    await quiet();
    expect(end).toEqual({ value: 3 });
    expect([...early.left(), ...late.left()]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("gives up after 60 s, or the timeout it was given", async () => {
    const { clock, handle, left } = world();
    const [usual, short] = [endOf(handle.get()), endOf(handle.get({ timeout: "250ms" }))];
    await clock.advance(250);
    expect([usual, short]).toEqual([{}, { error: coded("RESULT_TIMEOUT", { message: expect.stringContaining("within 250 ms") }) }]);
    await clock.advance(59_750);
    expect(usual).toEqual({ error: coded("RESULT_TIMEOUT") });
    expect(left()).toEqual([0, 0, 0]);
  });

  it("waits without a timer where the timeout is Infinity", async () => {
    const { clock, handle, say } = world();
    const end = endOf(handle.get({ timeout: Number.POSITIVE_INFINITY }));
    await clock.advance(1e9);
    expect(clock.pending).toBe(0);
    say(success);
    await quiet();
    expect(end).toEqual({ value: 3 });
  });

  it.each([-1, Number.NaN, "soon"])("refuses the timeout %s", async (timeout) => {
    await expect(world().handle.get({ timeout: timeout as number })).rejects.toEqual(coded("CONFIG_DURATION"));
  });

  it("ends with the reason of its signal, aborted before or meanwhile, and leaves no listener", async () => {
    const { handle, left } = world();
    await expect(handle.get({ signal: AbortSignal.abort("before") })).rejects.toBe("before");
    const giveUp = new AbortController();
    const end = endOf(handle.get({ signal: giveUp.signal }));
    await quiet();
    giveUp.abort("meanwhile");
    await quiet();
    expect(end).toEqual({ error: "meanwhile" });
    expect(getEventListeners(giveUp.signal, "abort")).toEqual([]);
    expect(left()).toEqual([0, 0, 0]);
  });

  it("ends when the app closes", async () => {
    const { handle, closeApp, left } = world();
    const end = endOf(handle.get());
    await quiet();
    closeApp();
    await quiet();
    expect(end).toEqual({ error: new Error("closed") });
    expect(left()).toEqual([0, 0, 0]);
  });

  it("ends at once where a person must mend the backend", async () => {
    const refused = new BackendError("BACKEND_AUTH", "wrong password");
    await expect(world({ connecting: Promise.reject(refused) }).handle.get()).rejects.toBe(refused);
  });

  it("waits out a backend that is away, and says so when it comes back too late", async () => {
    const away = new BackendError("BACKEND_UNREACHABLE", "nobody answers at port 1");
    const { clock, handle } = world({ connecting: Promise.reject(away) });
    const end = endOf(handle.get({ timeout: 1 }));
    await clock.advance(1_000);
    expect(end.error).toEqual(coded("RESULT_TIMEOUT", { cause: away, message: expect.stringContaining("nobody answers at port 1") }));
  });

  it("says that a stored text is no result", async () => {
    const { handle, say, left } = world();
    const end = endOf(handle.get());
    await quiet();
    say("garbage");
    await quiet();
    expect(end).toEqual({ error: coded("RESULT_UNREADABLE") });
    expect(left()).toEqual([0, 0, 0]);
  });
});

describe("watch()", () => {
  it("shows each change and ends with the last", async () => {
    const { handle, say, left } = world();
    const seen: unknown[] = [];
    const end = endOf(
      (async () => {
        for await (const { state, progress: done } of handle.watch()) seen.push([state, done?.done]);
      })(),
    );
    await quiet();
    for (const text of [progress(1), progress(2), success]) {
      say(text);
      await quiet();
    }
    expect(seen).toEqual([
      ["PENDING", undefined],
      ["STARTED", 1],
      ["STARTED", 2],
      ["SUCCESS", undefined],
    ]);
    expect([end, left()]).toEqual([{ value: undefined }, [0, 0, 0]]);
  });

  it("keeps one listener on a signal, however long it watches, and none when it was aborted", async () => {
    const { handle, say, left } = world();
    const enough = new AbortController();
    const seen: string[] = [];
    const end = endOf(
      (async () => {
        for await (const { state } of handle.watch({ signal: enough.signal })) seen.push(state);
      })(),
    );
    for (let n = 0; n < 20; n++) {
      await quiet();
      say(progress(n));
    }
    await quiet();
    expect(getEventListeners(enough.signal, "abort")).toHaveLength(1);
    enough.abort();
    await quiet();
    expect([seen.length, end]).toEqual([21, { value: undefined }]);
    expect(getEventListeners(enough.signal, "abort")).toEqual([]);
    expect(left()).toEqual([0, 0, 0]);
  });

  it("shows nothing under a signal that is aborted already", async () => {
    const { handle, left } = world();
    expect(await statesOf(handle.watch({ signal: AbortSignal.abort() }))).toEqual([]);
    expect(left()).toEqual([0, 0, 0]);
  });

  it("can be closed while it waits for the next change", async () => {
    const { handle, left } = world();
    const watcher = handle.watch()[Symbol.asyncIterator]();
    await watcher.next();
    const next = endOf(watcher.next());
    await quiet();
    expect(await watcher.return?.()).toEqual({ done: true, value: undefined });
    expect(next).toEqual({ value: { done: true, value: undefined } });
    expect(left()).toEqual([0, 0, 0]);
  });

  it("can be left early, and is left when the app closes", async () => {
    const { handle, closeApp, left } = world();
    for await (const _ of handle.watch()) break;
    expect(left()).toEqual([0, 0, 0]);
    const end = endOf(statesOf(handle.watch()));
    await quiet();
    closeApp();
    await quiet();
    expect(end).toEqual({ error: new Error("closed") });
    expect(left()).toEqual([0, 0, 0]);
  });
});

describe("a failure", () => {
  const failed = (type: string, module: string, args: readonly unknown[] = ["m"]) =>
    JSON.stringify({ status: "FAILURE", result: { exc_type: type, exc_message: args, exc_module: module }, traceback: "tb", task_id: "1" });
  const outcomeOf = async (text: string, throws: readonly ErrorClass[] = []) => {
    const { handle, say } = world({ throws });
    say(text);
    const outcome = await handle.settled();
    return (outcome as { readonly error: TaskError }).error;
  };

  it.each([
    ["TimeLimitExceeded", "billiard.exceptions", "TASK_TIME_LIMIT"],
    ["WorkerLostError", "billiard.exceptions", "TASK_WORKER_LOST"],
    ["NotRegistered", "celery.exceptions", "TASK_DEAD_LETTERED"],
    ["ChordError", "celery.exceptions", "TASK_CHORD_FAILED"],
    ["ValueError", "builtins", "TASK_FAILED"],
    ["Reject", "shop.errors", "TASK_FAILED"],
    ["WorkerLostError", "js", "TASK_FAILED"],
  ])("%s of %s has code %s", async (type, module, code) => {
    expect((await outcomeOf(failed(type, module))).code).toBe(code);
  });

  it("has no cause where an error of the listed class cannot be made", async () => {
    class Picky extends Error {
      constructor(options: { readonly text: string }) {
        super(options.text.trim());
      }
    }
    expect((await outcomeOf(failed("Picky", "js", [null]), [Picky])).cause).toBeUndefined();
  });

  it("has for cause an error of the class the task lists", async () => {
    const error = await outcomeOf(failed("RangeError", "js", ["too far"]), [RangeError]);
    expect(error.cause).toEqual(new RangeError("too far"));
    expect(error.remote).toEqual({ type: "RangeError", module: "js", args: ["too far"], traceback: "tb" });
  });
});

describe("the children of a result", () => {
  it("are tasks and groups; a step of a chain knows the one before it, whatever that is", async () => {
    const { handle, say } = world();
    const children = [
      [["a", null], null],
      [["c", [["b", null], null]], null],
      [
        ["g", null],
        [
          [["m1", null], null],
          [["m2", null], null],
        ],
      ],
      [["body", [["header", null], [[["h", null], null]]]], null],
      ["no", "tuple"],
      5,
    ];
    say(JSON.stringify({ status: "SUCCESS", result: null, children, task_id: "1" }));
    const found = await handle.children();
    expect(found.map(({ id, parent }) => [id, parent?.id ?? null])).toEqual([
      ["a", null],
      ["c", "b"],
      ["g", null],
      ["body", "header"],
    ]);
    const members = [found[1], found[2], found[3]?.parent].map((each) => each && isGroupResult(each) && each.results.map(({ id }) => id));
    expect(members).toEqual([false, ["m1", "m2"], ["h"]]);
  });

  it("are none before there is a result, or where it says nothing of them", async () => {
    const { handle, say } = world();
    expect(await handle.children()).toEqual([]);
    say('{"status": "SUCCESS", "result": 1, "children": null}');
    expect(await handle.children()).toEqual([]);
  });
});
