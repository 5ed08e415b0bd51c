/** Codes of what goes wrong with our own DAGs: rows of error-table.ts. */
import type { ErrorRows } from "./error-row.ts";

export const dagErrors = {
  DAG_UNKNOWN: ["There is no DAG of that id.", "Check the id; a scheduler must have loaded the app that has it."],
  DAG_RUN_UNKNOWN: ["The DAG has no run of that id.", "Look at the id; the monitor shows the runs of each DAG."],
  DAG_RUN_EXISTS: ["The DAG has a run of that id already.", "Take another id, or clear the run that is there."],
  DAG_BACKFILL: [
    "A backfill cannot be made as it was asked for.",
    "The message says why: dates of the future, or the wrong way round, or a DAG without a schedule.",
  ],
  DAG_TASK_UNKNOWN: [
    "The run has no task of that id.",
    "The message names the nearest one; tasks of a group bear its id in front of theirs.",
  ],
  DAG_STATE: [
    "A task instance was to do what is not possible in its state.",
    "Look at it again: it has gone on meanwhile, or was cleared or marked by somebody.",
  ],
  DAG_XCOM: [
    "What a task of a DAG gave cannot be kept for those behind it: it is no JSON, or larger than the limit.",
    "Give JSON values; keep large data elsewhere and give where, or raise the limit that the message names.",
  ],
  DAG_CONNECTION_MISSING: [
    "A task of a DAG asked for a connection that neither the environment nor the store has.",
    "Set the variable that the message names, to Airflow's URI or JSON, for the process that runs the task, or keep it in the store: celeriac dag connections set.",
  ],
  DAG_CONNECTION_INVALID: [
    "A connection was given in a form that is not Airflow's.",
    "The message says where it was found and what is wrong; it shows nothing of the text, which may hold a password.",
  ],
  DAG_VARIABLE_MISSING: [
    "A task of a DAG asked for a variable that neither the environment nor the store has.",
    "Set the variable of the environment that the message names, keep it in the store, celeriac dag variables set, or give a `fallback`.",
  ],
  DAG_VARIABLE_INVALID: [
    "A task of a DAG asked for a variable as JSON that is none.",
    "The message has the place in its text; ask without `json` for the text itself.",
  ],
  DAG_FERNET_KEY: [
    "A connection or a variable is encrypted in the store, and this process does not have the key.",
    "Give it CELERIAC_DAG_FERNET_KEY, or its _FILE, as the process has it that wrote it; keys that were used before stand behind the new one.",
  ],
  DAG_POOL_MISSING: [
    "A pool was to be removed that is not there, or that stays.",
    "celeriac dag pools shows those that are there; default_pool cannot be removed.",
  ],
  DAG_IMPORT: [
    "A file of connections or variables cannot be read, or does not have the form in which Airflow exports them.",
    "The message has the place; nothing of the file is in the store. Of YAML, export it again as JSON.",
  ],
  DAG_STORE_UNREACHABLE: [
    "The DAG store's database did not accept a connection or did not answer, its file cannot be opened, or another process keeps it locked.",
    "Check CELERIAC_DAG_STORE_URL, and whether the server runs, or whether this user may write to the file and its folder.",
  ],
  DAG_STORE_AUTH: [
    "The DAG store's database refused user or password, or the app's credentials() gave none.",
    "Check the URL's credentials, or credentials().",
  ],
  DAG_STORE_REFUSED: [
    "The DAG store's database refused a statement.",
    "The message holds its words; the user must own the tables, or have all rights to them.",
  ],
  DAG_STORE_FULL: ["The disk of the DAG store is full.", "Free space; what was committed is there, and what was not is done again."],
  DAG_STORE_CORRUPT: [
    "The DAG store's file is damaged or not a database, or PostgreSQL found its own data damaged.",
    "Restore it, or move the file away; it is never replaced silently.",
  ],
  DAG_STORE_VERSION: ["The DAG store was written by a newer version whose layout this one does not know.", "Update Celeriac."],
  DAG_STORE_CLOSED: ["The DAG store was closed.", "Use it before close()."],
  DAG_DEFINITION: ["A DAG, or a task of it, was defined in a way that can never run.", "The message says what is wrong with it."],
  DAG_DUPLICATE: [
    "An app has two DAGs of the same id, or a DAG two tasks or groups of one.",
    "Rename one; an operator that is called twice takes its id from with({ id }).",
  ],
  DAG_CYCLE: ["Tasks of a DAG wait for each other in a circle.", "The message names them in order: take one edge away."],
  DAG_HANDLE: [
    "What a task will give was used as if it were there, or something else was given where a task of the DAG is expected.",
    "Pass the handle itself as an argument of a task; its value is there when that task runs.",
  ],
  DAG_BRANCH: [
    "A branch chose a key that none of its on() has.",
    "The message names those that there are; to let nothing go on, choose [].",
  ],
  DAG_MAP_LENGTH: ["A task was mapped over too many items.", "Map over pages of them: what a task gives may be a list of lists."],
  DAG_MAP_VALUE: [
    "A task was mapped over something that is no list.",
    "The message names the task that gave it, and what it gave: nothing, where that one was skipped or failed.",
  ],
  DAG_TRIGGER_CIRCLE: [
    "dag.test() runs what a DAG triggers as well, and DAGs trigger each other in a circle.",
    "The message names them: without a scheduler such runs never end.",
  ],
  DAG_NO_VALUE: [
    "The value of a task was asked of dag.test() that failed or was skipped.",
    "The message says why; `instances` has the states of all tasks.",
  ],
  DAG_RUN_TIMEOUT: ["wait() gave up waiting for a run of a DAG; it may still run.", "Ask again later, or give a longer `timeout`."],
  DAG_RUN_FAILED: ["The run that a task triggered, and waited for, failed.", "Look at that run; the message has its id."],
  DAG_HOOK_OUTSIDE: [
    "What needs the run of a DAG was called where none of its functions runs.",
    "Call it within a function, a branch or a poke, not while the DAG is drawn or after the task has ended.",
  ],
  DAG_TABLES_MISSING: [
    "A database has not the tables that DAGs are to be made of, or this user may not see them.",
    "`celeriac dag tables init` makes them; check the url, and the prefix of their names.",
  ],
  DAG_ROW: [
    "A row of the tables of DAGs is wrong, or would be.",
    "The message names table, key and column; celeriac dag tables check tells of all rows that are.",
  ],
  DAG_SCRIPT: [
    "The script of a process cannot be run: it is not there, or exports no function `run`.",
    "The message names the file; `export async function run(run, params)` is what it needs.",
  ],
  DAG_HOOK_TYPE: [
    "A hook was given a connection of another type.",
    "Take the hook of its type, or give the connection the type that the message names.",
  ],
  DAG_HTTP: [
    "A server did not answer a request of a task of a DAG, or refused it.",
    "The message has the address, and what came: its status and the begin of its answer, or why there was none.",
  ],
  DAG_EXECUTOR: [
    "An executor of DAGs cannot work with the settings of the app.",
    "The message names what it needs; or take another executor.",
  ],
  DAG_TRIGGERER: [
    "The process that looks at deferred tasks of DAGs could not be started.",
    "The message holds the cause; mostly the app's module cannot be loaded.",
  ],
} as const satisfies ErrorRows;
