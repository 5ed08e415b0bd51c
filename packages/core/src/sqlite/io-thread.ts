/** Entry of the I/O thread: one for each file and process. Blocks as SQLite blocks, so that the main thread never does. */
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { loadLibsql } from "./connection.ts";
import { createConsumption } from "./consumption.ts";
import { Engine } from "./engine.ts";
import { failureOf } from "./failure.ts";
import { endProcess, MainWatch, tellSilence } from "./main-watch.ts";
import type { Failure, Operation, Report, Request } from "./operation.ts";
import { createSubscriptions } from "./subscriptions.ts";
import { openTables, type Tables } from "./tables.ts";
import { Upkeep } from "./upkeep.ts";
import { openWakeFile } from "./wake-file.ts";
import { createWatches } from "./watches.ts";

/** What the main thread gives this thread. */
export interface IoThreadOptions {
  /** absolute, without links */
  readonly path: string;
  readonly durability: "full" | "process";
}

const port = parentPort;
if (port !== null) void start(workerData as IoThreadOptions);

async function start(options: IoThreadOptions): Promise<void> {
  try {
    const libsql = await loadLibsql();
    serve(openTables(libsql, options.path, options.durability));
    report({ kind: "opened" });
  } catch (error) {
    report({ kind: "ended", failure: failureOf(error, options.path) });
    port!.close();
  }
}

function report(message: Report, transfer: readonly ArrayBuffer[] = []): void {
  port!.postMessage(message, transfer);
}

function serve(tables: Tables): void {
  const wake = openWakeFile(tables.path);
  const consumption = createConsumption(tables);
  const watches = createWatches(tables);
  const subscriptions = createSubscriptions(tables);
  const mainWatch = new MainWatch({
    clock: systemClock,
    ask: () => report({ kind: "ask" }),
    silent: (silentMs) => (consumption.mayBlock ? tellSilence : endProcess)(silentMs, tables.path),
  });
  let upkeep: Upkeep | null = null;

  const engine: Engine = new Engine({
    tables,
    consumption,
    watches,
    subscriptions,
    wake,
    report,
    committed: (turn) => upkeep?.committed(turn),
    turned() {
      upkeep?.adjust();
      mainWatch.adjust(consumption.count > 0);
    },
    abandon: end,
  });
  upkeep = new Upkeep({ tables, consumption, watches, subscriptions, wake, engine, report });

  function end(failure: Failure | null): void {
    upkeep?.stop();
    mainWatch.stop();
    port!.removeAllListeners("message");
    try {
      if (failure === null) engine.finish();
      tables.locks.releaseAll();
      wake.close();
      tables.connection.close();
    } catch (error) {
      const { failed, message } = failureOf(error, tables.path);
      report({ kind: "note", level: "warn", text: "SQLite file was not closed properly", fields: { errorCode: failed, reason: message } });
    }
    report({ kind: "ended", failure });
    port!.close();
  }

  port!.on("message", (request: Request) => {
    if (request.kind === "close") end(null);
    else if (request.kind === "alive") mainWatch.answered();
    else engine.take(request.first, entriesOf(request.operations, request.raw));
  });
}

/** Gives each operation its part of the turn's bytes. */
function entriesOf(operations: readonly Operation[], raw: Uint8Array) {
  let offset = 0;
  return operations.map((operation) => {
    const size = messagesOf(operation).reduce((sum, message) => sum + message.size, 0);
    const part = raw.subarray(offset, offset + size);
    offset += size;
    return { operation, raw: part };
  });
}

function messagesOf(operation: Operation): readonly { readonly size: number }[] {
  if (operation.kind === "publish" || operation.kind === "broadcast") return [operation.message];
  return operation.kind === "settle" || operation.kind === "closeChord" ? operation.publish : [];
}
