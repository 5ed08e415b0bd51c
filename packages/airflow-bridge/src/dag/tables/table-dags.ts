/**
 * The DAGs of streams, as an app has them: read from the tables when somebody asks and they are too old, each drawn anew only when its rows have
 * changed. A stream whose rows are wrong goes on as it was last, in this process or, as the tables keep it, in another.
 */
import { type AppRuntime, reasonOf } from "@celeriac/core/runtime";
import type { DrawnDag } from "../definition/draw-dag.ts";
import type { DagModel } from "../model.ts";
import { isInCode, type LiveDags, liveDagsOf } from "../registry.ts";
import type { DatabaseContext } from "../store/store-context.ts";
import { drawStream } from "./draw-stream.ts";
import { type ControlPlace, withControlMade } from "./open-control.ts";
import { type ReadStream, type ReadStreams, readStreams, type StreamSurroundings } from "./read-streams.ts";
import { problemText } from "./row.ts";
import { scriptProblem } from "./script.ts";
import type { StreamPlan } from "./stream-plan.ts";
import { createTableLog } from "./table-log.ts";

export interface TablePlace extends ControlPlace {
  /** the folder of the scripts */
  readonly scripts: URL;
}

export interface TableDags extends LiveDags {
  readonly place: TablePlace;
  find(stream: string): DrawnDag | undefined;
}

interface KnownStream {
  /** the plan as JSON, by which a change is seen */
  readonly text: string;
  readonly drawn: DrawnDag;
}

interface TakenStream {
  readonly stream: ReadStream;
  /** as it goes on; null: it never was right */
  readonly now: KnownStream | null;
  readonly wrong: readonly string[];
}

function modelsOf(taken: readonly TakenStream[]): ReadonlyMap<string, DagModel> {
  return new Map(taken.flatMap(({ stream, now }) => (now === null ? [] : [[stream.name, now.drawn.model] as const])));
}

/** Opens nothing yet. */
export function createTableDags(app: object, runtime: AppRuntime, place: TablePlace): TableDags {
  const context = tableContext(runtime);
  const { clock } = runtime;
  let known: ReadonlyMap<string, KnownStream> = new Map();
  let problems: ReadonlyMap<string, readonly string[]> = new Map();
  let models: ReadonlyMap<string, DagModel> = new Map();
  let disabled: ReadonlyMap<string, DagModel> = new Map();
  /** what the tables are to keep, by stream */
  let unkept: ReadonlyMap<string, string> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  async function read(): Promise<void> {
    const since = clock.monotonic();
    const { streams, orphans } = await readTables(place, context, surroundingsOf(app, runtime, place));
    const all = streams.map((stream) => ({ stream, ...takeStream(stream) }));
    const taken = all.filter(({ stream }) => stream.isEnabled);
    known = new Map(all.flatMap(({ stream, now }) => (now === null ? [] : [[stream.name, now] as const])));
    models = modelsOf(taken);
    disabled = modelsOf(all.filter(({ stream }) => !stream.isEnabled));
    const told = taken.map(({ stream, wrong }) => [stream.name, wrong] as const).filter(([, wrong]) => wrong.length > 0);
    problems = new Map([...told, ...(orphans.length === 0 ? [] : [["", orphans.map(problemText)] as const])]);
    unkept = new Map(
      taken.flatMap(({ stream, now, wrong }) =>
        now === null || wrong.length > 0 || now.text === stream.lastGood ? [] : [[stream.name, now.text] as const],
      ),
    );
    readAt = since;
  }

  function takeStream(stream: ReadStream): Pick<TakenStream, "now" | "wrong"> {
    const before = known.get(stream.name) ?? null;
    if (stream.plan === null) return { now: before ?? lastGoodOf(stream), wrong: stream.problems.map(problemText) };
    const text = JSON.stringify(stream.plan);
    if (before?.text === text) return { now: before, wrong: [] };
    try {
      return { now: { text, drawn: draw(stream.plan) }, wrong: [] };
    } catch (error) {
      return { now: before ?? lastGoodOf(stream), wrong: [`stream (name ${JSON.stringify(stream.name)}): ${reasonOf(error)}`] };
    }
  }

  /** What a version of Celeriac kept whose plans were others is of no use. */
  function lastGoodOf({ lastGood }: ReadStream): KnownStream | null {
    if (lastGood === null) return null;
    try {
      return { text: lastGood, drawn: draw(JSON.parse(lastGood) as StreamPlan) };
    } catch {
      return null;
    }
  }

  const log = createTableLog(place, context);
  const draw = (plan: StreamPlan) => drawStream(plan, { scripts: place.scripts, appZone: runtime.settings.timezone, log });

  return {
    place,
    get models() {
      return models;
    },
    get disabled() {
      return disabled;
    },
    get problems() {
      return problems;
    },
    find: (stream) => (models.has(stream) ? known.get(stream)?.drawn : undefined),
    async refresh(maxAgeMs) {
      // What is being read may be older than what was written meanwhile.
      if (reading !== null && maxAgeMs <= 0) await reading.catch(() => {});
      if (clock.monotonic() - readAt <= maxAgeMs) return;
      reading ??= read().finally(() => {
        reading = null;
      });
      await reading;
    },
    async keep() {
      if (unkept.size === 0) return;
      const plans = unkept;
      await withControlMade(place, context, (database) =>
        database.write(async (tables) => {
          for (const [stream, plan] of plans) await tables.setLastGood(stream, plan);
        }),
      );
      if (unkept === plans) unkept = new Map();
    },
  };
}

/** Whether a row is right depends on these, too. */
export function surroundingsOf(app: object, { settings }: Pick<AppRuntime, "settings">, { scripts }: TablePlace): StreamSurroundings {
  return {
    appZone: settings.timezone,
    scriptProblem: (file) => scriptProblem(file, scripts),
    isInCode: (dagId) => isInCode(app, dagId),
  };
}

/** All streams as their rows are now, those too that are not enabled. Throws DAG_TABLES_MISSING, DAG_STORE_*. */
export async function readTables(place: ControlPlace, context: DatabaseContext, around: StreamSurroundings): Promise<ReadStreams> {
  const rows = await withControlMade(place, context, (database) => database.read((tables) => tables.read()));
  return readStreams(rows, around);
}

/** What `dagsFromTables()` made for an app. */
export function tableDagsOf(app: object): readonly TableDags[] {
  return liveDagsOf(app).filter((live): live is TableDags => "place" in live);
}

/** What the database of the tables is opened with. */
export function tableContext({ clock, logger, settings: { durability }, credentialsFor }: AppRuntime): DatabaseContext {
  return { clock, logger, durability, credentials: credentialsFor("dagTables") };
}
