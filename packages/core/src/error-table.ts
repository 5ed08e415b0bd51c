/** The codes of all errors: one table, from which the types and `docs/reference/errors.md` come. Rows of one subject that are many stand in error-table/. Ground floor. */
import { airflowErrors } from "./error-table/airflow.ts";
import { dagErrors } from "./error-table/dag.ts";
import type { ErrorRows } from "./error-table/error-row.ts";

/** code → what happened, and what to do. Codes are never reused. */
export const errorTable = {
  CONFIG_UNKNOWN: [
    "A setting or option has a name that neither Celery nor Celeriac knows.",
    "Take the nearest known name that the message gives.",
  ],
  CONFIG_INVALID: [
    "A setting has a value of the wrong type or out of range.",
    "The message names the setting, what it expected and what came.",
  ],
  CONFIG_DURATION: ["A length of time could not be read.", 'Seconds as a number, or a text with a unit: "250ms", "90s", "5m", "2h", "1d".'],
  CONFIG_FILE: [
    "A file that holds a secret, as a setting or variable ending in _FILE names it, or options of the monitor, cannot be read or is empty.",
    "Check the path, and that this user may read it.",
  ],
  CONFIG_URL: [
    "A broker or backend URL has a scheme that no driver serves, or cannot be parsed.",
    "Use one of the schemes the message lists.",
  ],
  CONFIG_QUEUE: [
    "A queue was named that taskQueues does not declare, and taskCreateMissingQueues is off.",
    "Declare it in taskQueues, or correct the name: in the call, the task, taskRoutes, or the worker's -Q.",
  ],
  CONFIG_NO_BROKER: [
    "NODE_ENV is production and no broker was named.",
    "Set CELERY_BROKER_URL or createApp's `broker`; a SQLite file would vanish with its container.",
  ],
  CONFIG_DRIVER_MISSING: ["The package a driver needs is not installed.", "Install the package the message names."],
  CREDENTIALS_FAILED: [
    "The app's credentials() threw, gave something else, or did not answer within 10 s.",
    "The message holds the reason; it is asked again, like a server that cannot be reached.",
  ],
  COORDINATOR_MISSING: [
    "An option needs a coordinator, and neither the broker nor the result backend is one.",
    "Set `coordinator`, or do without the option that the message names.",
  ],
  APP_NOT_FOUND: [
    "The module given with -A could not be loaded or exports no app.",
    "Name with -A the file that calls createApp, and with :name which app if it exports several.",
  ],
  APP_MODULE_FORMAT: [
    "A module of TypeScript is written with import and export, in a package that package.json does not call one of ES modules.",
    'Put "type": "module" into package.json (`npm pkg set type=module`), or let the name of the file end with .mts.',
  ],
  COMMAND_USAGE: [
    "A command line could not be understood.",
    "The message says what was expected; `celeriac <command> --help` lists what there is.",
  ],
  APP_CLOSED: ["The app was closed and cannot be used any more.", "Call close() last."],
  TASK_DUPLICATE: ["Two modules define a task of the same name.", "Rename one; names are shared by the whole fleet."],
  TASK_DEFINITION: ["A task was defined in a way that can never run.", "The message says what is wrong with it."],
  TASK_NOT_REGISTERED: [
    "No task of that name has its code in this process.",
    "Load the module that defines it: the worker's -A file or the app's `include`.",
  ],
  TASK_INPUT: ["The arguments do not fit the task's schema.", "The message lists path and problem."],
  TASK_CONTEXT: [
    "The task's context was used where no task runs, or after its run had ended.",
    "Use `self` inside the task's function only.",
  ],
  TASK_FAILED: ["The task ran and raised an error.", "See `remote`: type, arguments and traceback as the other side wrote them."],
  TASK_TIME_LIMIT: [
    "The task ran into its hard time limit and its executor was ended.",
    "Raise timeLimit, or react to the soft limit through self.signal.",
  ],
  TASK_WORKER_LOST: ["The process that ran the task died.", "Look at the worker's log for the exit code or signal."],
  TASK_DEAD_LETTERED: ["The message was put into the dead-letter queue.", "Look at its reason; redrive it when the cause is gone."],
  TASK_CHORD_FAILED: ["A member of the chord's header failed.", "See the member's own result."],
  TASK_REVOKED: ["The task was revoked, aborted or terminated, or expired before it ran.", "See `reason`."],
  RESULT_TIMEOUT: ["get() gave up waiting; the task may still run.", "Ask again later, or give a longer `timeout`."],
  RESULT_DISABLED: [
    "The result was asked for, but no result backend is configured.",
    "Set CELERY_RESULT_BACKEND or createApp's `backend`.",
  ],
  RESULT_STEPS: [
    "self.step() was called, and no result backend keeps what a step gave: results are disabled, or rpc:// sends them to their caller.",
    "Name another backend: the Redis server, the SQLite file or the PostgreSQL database.",
  ],
  RESULT_GROUPS: [
    "A group was to be saved or restored, and the result backend keeps nothing that could be looked up: rpc:// sends results to their caller.",
    "Name another backend: the Redis server, the SQLite file or the PostgreSQL database.",
  ],
  RESULT_CHORDS: [
    "A chord was sent, and nothing could count its members: results are disabled, or rpc:// sends them to their caller.",
    "Name another backend: the Redis server, the SQLite file or the PostgreSQL database.",
  ],
  RESULT_UNREADABLE: [
    "A stored result is not Celery's result JSON.",
    "Something else wrote that key, or in a serializer that result_accept_content does not name; forget() removes it.",
  ],
  PUBLISH_REJECTED: ["The broker does not have the task: it was not reachable, or it refused.", "Repeat the call; nothing was sent."],
  PUBLISH_UNCERTAIN: [
    "The connection broke, or no answer came, after the task was sent: the broker may have it.",
    "Repeat with the same taskId: brokers that can tell drop the second copy.",
  ],
  PUBLISH_UNROUTABLE: ["No queue takes the message.", "Declare the queue, or correct the route."],
  PUBLISH_ENCODE: [
    "An argument cannot be written to the wire, or the message is larger than maxMessageBytes.",
    "The message names the argument's path, or the size; send a reference to large data.",
  ],
  BROKER_UNREACHABLE: ["The broker did not accept a connection.", "Check host, port and whether it runs."],
  BROKER_AUTH: ["The broker refused user or password.", "Check the URL's credentials."],
  BROKER_TLS: [
    "The connection to the broker could not be encrypted: a certificate is not trusted or for another host, or the port does not speak TLS.",
    "The message says which; brokerUseSsl names the CA, our own certificate, and the host.",
  ],
  BROKER_REFUSED: ["The broker refused an operation.", "The message holds its words."],
  BROKER_BLOCKED: [
    "RabbitMQ takes no publications now: it is short of memory or disk. Calls wait until it does, or until publishTimeout.",
    "Free what it is short of, or let workers empty its queues: acknowledgements still pass.",
  ],
  BROKER_EVICTS: [
    "The Redis server may evict keys (maxmemory-policy is not noeviction), so it can lose tasks.",
    "Set noeviction, or start with --allow-eviction.",
  ],
  BROKER_CLOSED: ["The broker's driver was closed.", "Use it before close()."],
  BROKER_LAYOUT: ["The store was written by a newer version whose layout this one does not know.", "Update Celeriac."],
  BACKEND_UNREACHABLE: ["The result backend did not accept a connection or did not answer.", "Check host, port and whether it runs."],
  BACKEND_AUTH: ["The result backend refused user or password.", "Check the URL's credentials."],
  BACKEND_TLS: ["The connection to the result backend could not be encrypted.", "As BROKER_TLS."],
  BACKEND_REFUSED: ["The result backend refused an operation.", "The message holds its words."],
  MEMORY_OUT_OF_REACH: [
    "memory:// lies in the memory of another process or thread: a task or a command cannot reach it.",
    "Use sqlite:// where tasks send tasks or read results, or where several processes take part.",
  ],
  STORE_FULL: ["The disk of the SQLite file is full.", "Free space; nothing confirmed is lost."],
  STORE_CORRUPT: ["The SQLite file is damaged or not a database.", "Restore it or move it away; it is never replaced silently."],
  STORE_NETWORK: [
    "The SQLite file lies on a network file system, where its locks cannot be trusted.",
    "Use a local disk, or Redis or RabbitMQ.",
  ],
  MESSAGE_UNDECODABLE: ["A message could not be decoded.", "It lies in the dead-letter queue with its reason."],
  MESSAGE_TOO_LARGE: [
    "A message came with a body larger than maxMessageBytes, as it is or decompressed.",
    "Send a reference to large data, or raise maxMessageBytes where the message is read.",
  ],
  CONTENT_REFUSED: [
    "A message has a content type that accept_content does not name; pickle never is accepted.",
    "Send one that is, or add it to accept_content.",
  ],
  CONTROL_ARGUMENTS: [
    "A command of remote control was given arguments that it does not take.",
    "The message names the argument, what it expected and what came; `celeriac inspect --list` and `celeriac control --list` show them all.",
  ],
  CONTROL_UNKNOWN: [
    "No command of remote control has that name, or it is of the other kind.",
    "`celeriac inspect --list` and `celeriac control --list` show them all.",
  ],
  WORKER_STARTUP: ["The worker could not start.", "The message holds the cause."],
  WORKER_STATE_FILE: [
    "The file that workerStateDb, or a worker's --statedb, names cannot be read or written.",
    "Name a file in a folder that the worker's user may write to; it writes a second one beside it.",
  ],
  WORKER_HTTP: [
    "A worker, or a beat, cannot listen on the address that was given for its HTTP probes.",
    "Free the port, or give another address with --http; port 0 takes any that is free.",
  ],
  MONITOR_LISTEN: [
    "The monitor cannot listen on its port or Unix socket.",
    "Free it, or give another one with --port, --address or --unix-socket; port 0 takes any that is free.",
  ],
  LIMIT_NEEDS_EXECUTOR: [
    "A task has a hard time limit, and the worker's pool is inline: nothing could end its run.",
    "Take another pool, or softTimeLimit, which aborts self.signal.",
  ],
  POOL_UNSUPPORTED: ["A worker was asked for something that its pool cannot do.", "The message says what, and which pools can."],
  TEST_APP_ACTIVE: [
    "testApp() was called for an app whose last testApp() was not disposed.",
    "Take `await using t = await testApp(app)`, or dispose it in afterEach. One test file at a time has an app.",
  ],
  TEST_APP_MISSING: [
    "An app that was tested in this process was used while no testApp() was under way: nothing real is connected there.",
    "Call testApp() first, and await what a test begins before it is disposed.",
  ],
  TEST_DEPENDENCY: [
    "A task under test asked for a dependency that the test did not give: the app's own are not opened in tests.",
    "Give it: testApp(app, { deps: { … } }).",
  ],
  TEST_MODE: ["Something was asked of testApp() that its mode cannot do.", "Take the mode that the message names."],
  TEST_STUCK: [
    "What a test waits for will not come by itself: nothing is under way any more.",
    "The message says what is waiting; advance the clock, or send the task.",
  ],
  SCHEDULE_INVALID: ["A schedule, or an entry of it, cannot be read.", "The message names the field, what it may hold and what came."],
  SCHEDULE_UNKNOWN: [
    "The schedule has no entry of that name.",
    "`celeriac schedules` lists them; those of the code are there once a beat has run.",
  ],
  SCHEDULE_DECLARED: [
    "An entry is declared by the app's code, and cannot be replaced or removed while it runs.",
    "Change it in the code, or pause it.",
  ],
  SCHEDULE_STORE_MISSING: [
    "RabbitMQ keeps no schedules, there is no coordinator, and the result backend cannot keep them either.",
    "Set `scheduleStore`, or `coordinator`, to redis:// or db+postgresql:// or, where beat runs on one machine only, to sqlite://./celeriac.db.",
  ],
  BEAT_STORE_NOT_SHARED: [
    "A beat's schedules lie in a file, and a beat elsewhere sends the same ones out of another file, or another machine out of the same one.",
    "Set `scheduleStore`, or `coordinator`, to redis:// or db+postgresql://, which all of them reach; or run beat on one machine, with one file.",
  ],
  WORKER_NAME_TAKEN: [
    "Another worker of the same node name answers on the broker.",
    "Give this one a name of its own with -H, or stop the other one first; one that was killed does not answer.",
  ],
  ...airflowErrors,
  ...dagErrors,
  SERVICE_STOPPED: ["A service was stopped while it started.", "Start it again if that was not meant."],
} as const satisfies ErrorRows;

export type ErrorCode = keyof typeof errorTable;
