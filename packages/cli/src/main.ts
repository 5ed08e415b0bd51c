/** The command: reads the command line, runs the command, ends the process with its exit code. Started by bin/celeriac.js. */
import { CeleriacError, overrideSettings, reasonOf, redactText } from "@celeriac/core/runtime";
import { type CommandLine, commandAmong, readCommandLine } from "./command-line.ts";
import type { CommandArguments } from "./command-table.ts";
import { exitCode } from "./exit-code.ts";
import { helpText } from "./help.ts";
import { appPath } from "./load-app.ts";
import { createOutput, type Output, type OutputOptions } from "./output.ts";
import { stopWithParent, takeDebugSignal } from "./signals.ts";
import { packageVersion } from "./version.ts";

/** Never rejects and never returns: it ends the process. */
export async function main(words: readonly string[] = process.argv.slice(2)): Promise<void> {
  stopWithParent();
  takeDebugSignal(() => {});
  hideSecrets(words);
  // A reader that has gone away (a closed pipe, a closed terminal) is no reason to fail.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  process.exitCode = await answer(words);
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((done) => stream.write("", () => done()))));
  // What the app's modules have left open does not matter any more.
  process.exit();
}

/** A password that was written on the command line is taken off the list of processes. */
function hideSecrets(words: readonly string[]): void {
  const shown = words.map(redactText);
  if (shown.some((word, index) => word !== words[index])) process.title = ["celeriac", ...shown].join(" ");
}

async function answer(words: readonly string[]): Promise<number> {
  let output = open({
    json: words.includes("--json"),
    text: false,
    quiet: false,
    noColor: words.includes("--no-color"),
    debug: words.includes("--debug"),
  });
  try {
    const line = readCommandLine(words, process.env);
    if (line.kind === "run") output = open(line.args.common);
    return await follow(line, output);
  } catch (error) {
    output.error(error, remedyOf(error, words));
    return codeOf(error);
  }
}

async function follow(line: CommandLine, output: Output): Promise<number> {
  switch (line.kind) {
    case "help":
      output.print(helpText(line.command, output));
      return exitCode.done;
    case "version":
      output.result(packageVersion(), { version: packageVersion() });
      return exitCode.done;
    case "run":
      enter(line.args.common.workdir);
      override(line.args.common);
      if (line.command === "worker") overrideForWorker(line.args.options);
      return await run(line, output);
  }
}

/** A command's own modules are loaded when it is run: most need nothing of a worker. */
async function run(line: Extract<CommandLine, { kind: "run" }>, output: Output): Promise<number> {
  switch (line.command) {
    case "worker":
      return await (await import("./commands/worker.ts")).worker(line.args, output);
    case "beat":
      return await (await import("./commands/beat.ts")).beat(line.args, output);
    case "flower":
      return await (await import("./commands/flower.ts")).flower(line.args, output);
    case "schedules":
      return await (await import("./commands/schedules.ts")).schedules(line.args, output);
    case "call":
      return await (await import("./commands/call.ts")).call(line.args, output);
    case "report":
      return await (await import("./commands/report.ts")).report(line.args, output);
    case "graph":
      return await (await import("./commands/graph.ts")).graph(line.args, output);
    case "result":
      return await (await import("./commands/result.ts")).result(line.args, output);
    case "queues":
      return await (await import("./commands/queues.ts")).queues(line.args, output);
    case "bindings":
      return await (await import("./commands/bindings.ts")).bindings(line.args, output);
    case "dead":
      return await (await import("./commands/dead.ts")).dead(line.args, output);
    case "purge":
      return await (await import("./commands/purge.ts")).purge(line.args, output);
    case "status":
      return await (await import("./commands/status.ts")).status(line.args, output);
    case "inspect":
      return await (await import("./commands/inspect.ts")).inspect(line.args, output);
    case "control":
      return await (await import("./commands/control.ts")).control(line.args, output);
    case "events":
      return await (await import("./commands/events.ts")).events(line.args, output);
    case "dev":
      return await (await import("./commands/dev.ts")).dev(line.args, output);
    case "dag scheduler":
      return await (await import("./commands/dag-scheduler.ts")).dagScheduler(line.args, output);
    case "dag init":
      return await (await import("./commands/dag-init.ts")).dagInit(line.args, output);
    case "dag list":
      return await (await import("./commands/dag-list.ts")).dagList(line.args, output);
    case "dag states":
      return await (await import("./commands/dag-states.ts")).dagStates(line.args, output);
    case "dag trigger":
      return await (await import("./commands/dag-trigger.ts")).dagTrigger(line.args, output);
    case "dag backfill":
      return await (await import("./commands/dag-backfill.ts")).dagBackfill(line.args, output);
    case "dag import":
      return await (await import("./commands/dag-import.ts")).dagImport(line.args, output);
    case "dag connections":
      return await (await import("./commands/dag-connections.ts")).dagConnections(line.args, output);
    case "dag clean":
      return await (await import("./commands/dag-clean.ts")).dagClean(line.args, output);
    case "dag pools":
      return await (await import("./commands/dag-pools.ts")).dagPools(line.args, output);
    case "dag variables":
      return await (await import("./commands/dag-variables.ts")).dagVariables(line.args, output);
    case "dag rotate-fernet-key":
      return await (await import("./commands/dag-rotate-fernet-key.ts")).dagRotateFernetKey(line.args, output);
    case "dag test":
      return await (await import("./commands/dag-test.ts")).dagTest(line.args, output);
    case "dag pause":
    case "dag unpause":
      return await (await import("./commands/dag-pause.ts")).dagPause(line.args, output, line.command === "dag pause");
    case "dag clear":
      return await (await import("./commands/dag-clear.ts")).dagClear(line.args, output);
    case "dag mark":
      return await (await import("./commands/dag-clear.ts")).dagMark(line.args, output);
    case "dag tables":
      return await (await import("./commands/dag-tables.ts")).dagTables(line.args, output);
    case "airflow doctor":
      return await (await import("./commands/airflow-doctor.ts")).airflowDoctor(line.args, output);
    case "airflow drain":
      return await (await import("./commands/airflow-drain.ts")).airflowDrain(line.args, output);
    case "airflow worker":
      return await (await import("./commands/airflow-worker.ts")).airflowWorker(line.args, output);
  }
}

function open(options: OutputOptions): Output {
  return createOutput(process.stdout, process.stderr, options, process.env);
}

/** Before any app is made, here or in a worker's executors. */
function override({ broker, resultBackend, allowEviction }: CommandArguments<"worker">["common"]): void {
  overrideSettings({
    ...(broker === null ? {} : { brokerUrl: broker }),
    ...(resultBackend === null ? {} : { resultBackend }),
    ...(allowEviction ? { allowEviction: "true" } : {}),
  });
}

/** What the worker's executors have to know as well. */
function overrideForWorker({ include, timeLimit, softTimeLimit }: CommandArguments<"worker">["options"]): void {
  overrideSettings({
    ...(include.length === 0 ? {} : { workerInclude: include.map((module) => appPath(module, process.cwd())).join(",") }),
    ...(timeLimit === null ? {} : { taskTimeLimit: String(timeLimit) }),
    ...(softTimeLimit === null ? {} : { taskSoftTimeLimit: String(softTimeLimit) }),
  });
}

function enter(folder: string | null): void {
  if (folder === null) return;
  try {
    process.chdir(folder);
  } catch (cause) {
    throw new CeleriacError("COMMAND_USAGE", `--workdir: ${reasonOf(cause)}`, { cause });
  }
}

/** Where the table of errors knows less than we do. */
function remedyOf(error: unknown, words: readonly string[]): string | undefined {
  if (!CeleriacError.is(error)) return undefined;
  if (error.code === "APP_NOT_FOUND" && error.cause !== undefined) return "--debug shows where.";
  if (error.code !== "COMMAND_USAGE") return undefined;
  const command = commandAmong(words);
  return `${["celeriac", ...(command === null ? [] : [command]), "--help"].join(" ")} shows what there is.`;
}

function codeOf(error: unknown): number {
  if (!CeleriacError.is(error)) return exitCode.failed;
  if (error.code === "COMMAND_USAGE") return exitCode.usage;
  return error.code === "RESULT_TIMEOUT" ? exitCode.notEnded : exitCode.failed;
}
