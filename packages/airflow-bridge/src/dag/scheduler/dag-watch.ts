/**
 * Watches over DAGs that are made of rows, for a scheduler: they are read again from time to time, and what is wrong with them is told, once for each
 * change. Whoever has them in use asks the registry.
 */
import { type Clock, createService, type Logger, reasonOf, type Service, type Timer } from "@celeriac/core/runtime";
import { type LiveDags, liveDagsOf } from "../registry.ts";

export interface DagWatchParts {
  readonly app: object;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Starting reads them for the first time, and succeeds where they cannot be read, too: they are asked for again. */
export function createDagWatch({ app, everyMs, clock, logger }: DagWatchParts): Service {
  const told = new Map<LiveDags, ReadonlyMap<string, string>>();
  const silent = new Set<LiveDags>();
  let timer: Timer | null = null;
  let reading: Promise<unknown> | null = null;

  async function read(live: LiveDags): Promise<void> {
    try {
      await live.refresh(0);
      tell(live);
      await live.keep();
      if (silent.delete(live)) logger.info("the rows of DAGs are read again");
    } catch (error) {
      if (!silent.has(live)) logger.error("the rows of DAGs cannot be read: they go on as they were", { reason: reasonOf(error) });
      silent.add(live);
    }
  }

  function tell(live: LiveDags): void {
    const now = new Map([...live.problems].map(([dag, problems]) => [dag, problems.join("\n")]));
    const before = told.get(live);
    for (const [dag, text] of now) {
      if (before?.get(dag) === text) continue;
      for (const problem of live.problems.get(dag)!) logger.error("a row of a DAG is wrong: the DAG stays as it was", { dag, problem });
    }
    for (const dag of before?.keys() ?? []) if (!now.has(dag)) logger.info("the rows of a DAG are right again", { dag });
    told.set(live, now);
  }

  const readAll = () => {
    reading ??= Promise.all(liveDagsOf(app).map(read)).finally(() => {
      reading = null;
    });
    return reading;
  };

  return createService("the watch over rows of DAGs", {
    async start() {
      if (liveDagsOf(app).length === 0) return;
      await readAll();
      timer = clock.every(everyMs, () => void readAll());
    },
    async stop() {
      timer?.cancel();
      await reading;
    },
  });
}
