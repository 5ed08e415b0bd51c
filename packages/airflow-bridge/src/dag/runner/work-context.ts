/** Makes what the work of an instance is given, wherever it is done: by the runner, by the triggerer, or in a trial. */
import { createConnectionReader, type StoredConnections } from "../connections/connection-reader.ts";
import type { DagModel, WorkContext } from "../model.ts";
import { runFacts } from "../runs/run-facts.ts";
import { endings } from "./task-ending.ts";
import type { Try } from "./try-begin.ts";

/** What the place of the work gives, whatever the instance is. */
export interface WorkPlace extends Pick<WorkContext, "signal" | "log" | "environment" | "clock" | "runs" | "hooks"> {
  readonly stored: StoredConnections;
}

export function workContext(dag: DagModel, { instance, run }: Try, place: WorkPlace): WorkContext {
  const { signal, log, environment, clock, runs, hooks } = place;
  const { dagId, taskId, mapIndex, tryNumber } = instance;
  return Object.freeze({
    ...{ dagId, taskId, mapIndex, tryNumber },
    ...runFacts(dag, run),
    ...endings,
    ...createConnectionReader(environment, place.stored),
    ...{ signal, log, environment, clock, runs, hooks },
  });
}
