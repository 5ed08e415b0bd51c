/** `celeriac dag tables`: makes and checks the tables of which DAGs are made, and adds a process to them. */
import type { ControlPlace, DatabaseContext, TableDags } from "@celeriac/airflow-bridge/dag-runtime";
import { type AppRuntime, CeleriacError, nearest, redactUrl, silentLogger, systemClock } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import { hasApp, loadApp } from "../load-app.ts";
import type { Output } from "../output.ts";
import { counted } from "../text.ts";

type Arguments = CommandArguments<"dag tables">;

const actions: Readonly<Record<string, (args: Arguments, output: Output) => Promise<number>>> = { init, check, "add-process": add };

/** Resolves with the exit code. Throws COMMAND_USAGE, APP_NOT_FOUND, DAG_TABLES_MISSING, DAG_UNKNOWN, DAG_DUPLICATE, DAG_ROW, DAG_STORE_*, CONFIG_*. */
export async function dagTables(args: Arguments, output: Output): Promise<number> {
  const { action } = args.positionals;
  if (Object.hasOwn(actions, action)) return await actions[action]!(args, output);
  const near = nearest(action, Object.keys(actions));
  const hint = near === null ? `expected ${Object.keys(actions).join(", ")}` : `did you mean ${near}?`;
  throw new CeleriacError("COMMAND_USAGE", `dag tables cannot ${action}: ${hint}`);
}

/** In the database of --url, or in those of the app. */
async function init(args: Arguments, output: Output): Promise<number> {
  const { defaultPrefix, tableContext } = await import("@celeriac/airflow-bridge/dag-runtime");
  const { url, prefix, print } = args.options;
  const isAppNeeded = url === null && !(print && prefix !== null);
  if (isAppNeeded && (args.common.app !== null || hasApp(process.cwd())))
    return await withTables(args, async ({ runtime, tables }) => {
      const places = tables.map(({ place }) => place);
      return print ? await printTables(places, output) : await makeTables(places, tableContext(runtime), output);
    });
  const place = { url: url ?? "", prefix: prefix ?? defaultPrefix };
  if (print) return await printTables([place], output);
  if (place.url === "")
    throw new CeleriacError("COMMAND_USAGE", "dag tables init needs --url, or an app that calls dagsFromTables(): name it with -A");
  return await makeTables([place], withoutApp, output);
}

const withoutApp = { clock: systemClock, logger: silentLogger, durability: "full", credentials: null } as const;

async function printTables(places: readonly ControlPlace[], output: Output): Promise<number> {
  const { tableStatements } = await import("@celeriac/airflow-bridge/dag-runtime");
  const statements = [...new Set(places.map(({ prefix }) => prefix))].flatMap(tableStatements);
  output.result(statements.map((statement) => `${statement};`).join("\n\n"), { statements });
  return exitCode.done;
}

async function makeTables(places: readonly ControlPlace[], context: DatabaseContext, output: Output): Promise<number> {
  const { withControl } = await import("@celeriac/airflow-bridge/dag-runtime");
  for (const place of places) {
    const where = await withControl(place, context, async (database) => {
      await database.write((tables) => tables.create());
      return database.label;
    });
    output.result(`The tables ${place.prefix}… are in ${where}.`, { database: where, prefix: place.prefix });
  }
  return exitCode.done;
}

async function check(args: Arguments, output: Output): Promise<number> {
  const { problemText, readTables, surroundingsOf, tableContext } = await import("@celeriac/airflow-bridge/dag-runtime");
  return await withTables(args, async ({ app, runtime, tables }) => {
    const read = await Promise.all(
      tables.map(({ place }) => readTables(place, tableContext(runtime), surroundingsOf(app, runtime, place))),
    );
    const problems = read.flatMap(({ streams, orphans }) => [...streams.flatMap((stream) => stream.problems), ...orphans]);
    const streams = read.flatMap((each) => each.streams.map(({ name }) => name));
    const told = problems.length === 0 ? `${counted(streams.length, "stream")}, and nothing wrong.` : problems.map(problemText).join("\n");
    output.result(told, { streams, problems });
    return problems.length === 0 ? exitCode.done : exitCode.failed;
  });
}

async function add(args: Arguments, output: Output): Promise<number> {
  const { addProcess, surroundingsOf, tableContext } = await import("@celeriac/airflow-bridge/dag-runtime");
  const { name } = args.positionals;
  const { stream, script, group, depends: dependsOn } = args.options;
  if (name === null || script === null)
    throw new CeleriacError("COMMAND_USAGE", "dag tables add-process needs the name of the process, and --script");
  return await withTables(args, async ({ app, runtime, tables }) => {
    const [only, ...more] = tables;
    if (only === undefined || more.length > 0)
      throw new CeleriacError("COMMAND_USAGE", `Say with --url or --prefix which tables: ${tables.map(placeText).join(", ")}`);
    const { place } = only;
    const request = { name, stream, script, group, dependsOn };
    const added = await addProcess(request, place, tableContext(runtime), surroundingsOf(app, runtime, place));
    const told = `The stream ${added.stream} has the process ${name} now.`;
    output.result(added.written === null ? told : `${told}\n${added.written} is written: fill it in.`, { ...added, process: name });
    return exitCode.done;
  });
}

interface TableAccess {
  readonly app: object;
  readonly runtime: AppRuntime;
  /** one or more */
  readonly tables: readonly TableDags[];
}

/** Those of the app that --url and --prefix say. */
async function withTables<T>(
  { common, options: { url, prefix } }: Pick<Arguments, "common" | "options">,
  ask: (access: TableAccess) => Promise<T>,
): Promise<T> {
  const { tableDagsOf } = await import("@celeriac/airflow-bridge/dag-runtime");
  const { app, runtime } = await loadApp(common.app, process.cwd());
  try {
    await runtime.loadIncludes();
    const all = tableDagsOf(app);
    const tables = all.filter(({ place }) => (url ?? place.url) === place.url && (prefix ?? place.prefix) === place.prefix);
    if (tables.length > 0) return await ask({ app, runtime, tables });
    const there =
      all.length === 0 ? "its modules name them with dagsFromTables(), from celeriac/dag" : `it has ${all.map(placeText).join(", ")}`;
    throw new CeleriacError("DAG_UNKNOWN", `The app has no such tables of DAGs: ${there}`);
  } finally {
    await app.close();
  }
}

function placeText({ place: { url, prefix } }: TableDags): string {
  return `${prefix}… in ${redactUrl(url)}`;
}
