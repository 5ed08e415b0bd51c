/** The doctor's questions to Airflow: is it installed here, does its database or its API answer. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Clock, reasonOf, redactText } from "@celeriac/core/runtime";
import type { AirflowConfig, Environment } from "../config.ts";
import { executionApiUrl } from "../execution-api/url.ts";
import { findInterpreter } from "../interpreter.ts";
import { bad, doubtful, type Finding, good } from "./finding.ts";

export interface InstalledAirflow {
  readonly version: string;
  readonly major: number;
  /** by which the web server will ask for logs of tasks that ran here */
  readonly hostname: string;
  /** path of the command */
  readonly command: string;
  readonly environment: Environment;
}

const program = `
import json
import airflow
from airflow.utils.net import get_hostname
print(json.dumps({"version": airflow.__version__, "hostname": get_hostname()}))`;
/** A cold disk and a slow processor are no reason to give up. */
const importLimitMs = 120_000;
const answerLimitMs = 10_000;
/** Tokens are valid from the second in which they were made: Airflow's own leeway is 10 s. */
const toleratedSkewMs = 5_000;

const run = promisify(execFile);

export async function askAirflow(
  environment: Environment,
): Promise<{ readonly finding: Finding; readonly airflow: InstalledAirflow | null }> {
  const what = "airflow";
  try {
    const { airflow: command, python } = findInterpreter(environment);
    const { stdout } = await run(python, ["-W", "ignore", "-c", program], { env: { ...environment }, timeout: importLimitMs });
    const { version, hostname } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { readonly version: string; readonly hostname: string };
    const major = Number(version.split(".")[0]);
    return { finding: good(what, `Airflow ${version} of ${python}`), airflow: { version, major, hostname, command, environment } };
  } catch (error) {
    const remedy = "Start the worker in the environment in which `airflow version` works. Only tasks in TypeScript need no Python.";
    return { finding: bad(what, lastLineOf(error), remedy), airflow: null };
  }
}

/** Airflow 2: a task's process writes to it. */
export async function askDatabase({ command, environment }: InstalledAirflow): Promise<Finding> {
  const what = "database";
  try {
    await run(command, ["db", "check"], { env: { ...environment }, timeout: importLimitMs });
    return good(what, "answers to `airflow db check`");
  } catch (error) {
    return bad(what, lastLineOf(error), "Each task's process needs it: [database] sql_alchemy_conn.");
  }
}

/** Airflow 3: a task's process tells it what becomes of the task. */
export async function askExecutionApi(config: AirflowConfig, clock: Clock): Promise<Finding> {
  const what = "execution API";
  const url = executionApiUrl(config);
  const shown = redactText(url);
  try {
    const response = await fetch(new URL("health", url.endsWith("/") ? url : `${url}/`), { signal: AbortSignal.timeout(answerLimitMs) });
    const text = await response.text();
    if (!response.ok || !text.includes("healthy"))
      return bad(what, `${shown} answers ${response.status}, not as Airflow's API does`, addressRemedy);
    // The header has no milliseconds.
    const aheadMs = Date.parse(response.headers.get("date") ?? "") + 500 - clock.now();
    if (Math.abs(aheadMs) <= toleratedSkewMs || Number.isNaN(aheadMs)) return good(what, `${shown} is healthy`);
    const seconds = Math.round(aheadMs / 1_000);
    return doubtful(
      what,
      `${shown} is healthy, and its clock differs by ${seconds} s`,
      "Tokens are refused by clocks that differ: let both keep time by NTP.",
    );
  } catch (error) {
    return bad(what, `${shown} does not answer: ${causeOf(error)}`, addressRemedy);
  }
}

const addressRemedy = "Tasks of Airflow 3 need it: [core] execution_api_server_url, else [api] base_url with /execution/ behind it.";

/** As Airflow finds it. */
/** A traceback says what happened at its end. */
function lastLineOf(error: unknown): string {
  const { stderr } = error as { readonly stderr?: string };
  const lines = (stderr ?? "").trim().split("\n");
  return redactText(lines.at(-1) || reasonOf(error));
}

function causeOf(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  return reasonOf(cause ?? error);
}
