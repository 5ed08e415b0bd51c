/** Entry of a history's threads: one hears, merges and writes, another answers. It blocks as SQLite blocks, so that the thread that serves never does. */
import { parentPort, workerData } from "node:worker_threads";
import { CeleriacError, systemClock } from "@celeriac/core/runtime";
import { driverOf } from "./drivers.ts";
import { openReadingSide } from "./reading-side.ts";
import type { Side } from "./side.ts";
import type { HistoryDriver } from "./store.ts";
import type { FromThread, ThreadOptions, ToThread } from "./thread-message.ts";
import { openWritingSide } from "./writing-side.ts";

const port = parentPort;
if (port !== null) void start(workerData as ThreadOptions);

async function start(options: ThreadOptions): Promise<void> {
  const tell = (message: FromThread) => port!.postMessage(message);
  const open = options.role === "write" ? openWritingSide : openReadingSide;
  const driver = driverOf(options.db);
  const fail = (error: unknown) => driver.failureOf(error, options);
  try {
    const side = await open(driver, options, systemClock, tell);
    port!.on("message", (message: ToThread) => void take(message, side, tell, fail));
  } catch (error) {
    const { failed, message } = fail(error);
    tell({ kind: "unopened", code: failed, message });
    port!.close();
  }
}

type Tell = (message: FromThread) => void;
type Fail = (error: unknown) => ReturnType<HistoryDriver["failureOf"]>;

async function take(message: ToThread, side: Side, tell: Tell, fail: Fail): Promise<void> {
  switch (message.kind) {
    case "heard":
      return side.hear(message);
    case "follow":
      return side.follow(message.isFollowed);
    case "ask":
      return answer(message, side, tell, fail);
    case "reopen":
      return side.reopen();
    case "inspect":
      return side.inspect();
    case "close":
      await side.close();
      tell({ kind: "closed" });
      port!.close();
  }
}

async function answer(
  { id, question, given }: Extract<ToThread, { kind: "ask" }>,
  { questions }: Side,
  tell: Tell,
  fail: Fail,
): Promise<void> {
  try {
    const ask = questions[question] as ((...given: readonly unknown[]) => Promise<unknown>) | undefined;
    if (ask === undefined) throw new CeleriacError("BROKER_REFUSED", `This thread of the history is not asked for ${question}`);
    tell({ kind: "answer", id, value: await ask(...given) });
  } catch (error) {
    const { failed, message } = fail(error);
    tell({ kind: "refusal", id, code: failed, message });
  }
}
