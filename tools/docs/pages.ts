/** The pages of docs/reference, each from the table in the sources that the code itself runs on. */

import { dagSettingTable } from "../../packages/airflow-bridge/src/dag/config.ts";
import { beatMetricTable } from "../../packages/beat/src/probes/metric-table.ts";
import { celerySettings } from "../../packages/core/src/celery-settings.ts";
import { remoteCommands } from "../../packages/core/src/command.ts";
import type { RemoteCommandRow } from "../../packages/core/src/command-row.ts";
import { settingTable } from "../../packages/core/src/config.ts";
import { errorTable } from "../../packages/core/src/error-table.ts";
import { eventTable } from "../../packages/core/src/event.ts";
import { signalTable } from "../../packages/core/src/signals.ts";
import { seriesTable } from "../../packages/flower/src/server/metrics/series-table.ts";
import { monitorOptionTable } from "../../packages/flower/src/server/options.ts";
import { workerOptionTable } from "../../packages/worker/src/options.ts";
import { metricTable } from "../../packages/worker/src/probes/metric-table.ts";
import { celerySettingsTable } from "./celery-settings-table.ts";
import { commandsPage } from "./commands-page.ts";
import { code, type Page, page, table } from "./page.ts";
import { settingsTable } from "./settings-table.ts";

export const pages: readonly Page[] = [
  {
    file: "errors.md",
    render: () =>
      page(
        "Errors",
        "packages/core/src/error-table.ts",
        "Every error has one of these codes in `error.code`. A code keeps its meaning for ever and is never used for another.",
        table(
          ["code", "what happened", "what to do"],
          Object.entries(errorTable).map(([name, [happened, remedy]]) => [code(name), happened, remedy]),
        ),
      ),
  },
  {
    file: "settings.md",
    render: () =>
      page(
        "Settings",
        "packages/core/src/config.ts",
        'Given to `createApp(name, { config })`, under either name. A bare number that means a time is seconds; a text carries its unit ("250ms", "90s", "2h"). What may hold a password is also read from a file: `brokerUrlFile` names the one that holds `brokerUrl`. Celery\'s other settings are taken as well: [what becomes of them](celery-settings.md). A name that neither knows is an error that gives the nearest known one.',
        settingsTable(settingTable),
      ),
  },
  {
    file: "celery-settings.md",
    render: () =>
      page(
        "Settings of Celery",
        "packages/core/src/celery-settings.ts",
        'Every setting of Celery is taken, as `task_default_queue`, `taskDefaultQueue`, `CELERY_TASK_DEFAULT_QUEUE` (Django) or under its name in Celery 3 (`CELERY_DEFAULT_QUEUE`). Those that are linked mean here what they mean there; the others do nothing, and the log says "setting has no effect" once for each, with the reason (in an app without a logger the Node.js warning `SETTING_UNUSED` at the first call names them all), unless the value asks for what is done anyway.',
        celerySettingsTable(celerySettings),
      ),
  },
  {
    file: "worker-options.md",
    render: () =>
      page(
        "Worker options",
        "packages/worker/src/options.ts",
        "Given to `createWorker(app, options)`, or as flags of `celeriac worker`.",
        settingsTable(workerOptionTable, (name) => [name]),
      ),
  },
  {
    file: "dag-settings.md",
    render: () =>
      page(
        "DAG settings",
        "packages/airflow-bridge/src/dag/config.ts",
        'Of the process that schedules DAGs, and of those that run their tasks: the same in all of them. A bare number that means a time is seconds; a text carries its unit ("250ms", "90s", "2h").',
        settingsTable(dagSettingTable),
      ),
  },
  {
    file: "monitor-options.md",
    render: () =>
      page(
        "Monitor options",
        "packages/flower/src/server/options.ts",
        "Flags of `celeriac flower` (`--max-tasks` or `--max_tasks`), variables, keys of the file that `--conf` names, or what `createMonitor(app, options)` is given. Names and meanings are Flower's. A flag wins over the file, the file over a variable. [What the monitor is](../monitor.md).",
        settingsTable(monitorOptionTable),
      ),
  },
  {
    file: "events.md",
    render: () =>
      page(
        "Events",
        "packages/core/src/event.ts",
        "What a worker tells in its log, under Celery's names; what it tells monitors is [on a page of its own](../events.md). Every event also has `type`, `hostname` and `timestamp`; those of tasks have `uuid`.",
        table(
          ["type", "told when", "fields"],
          Object.entries(eventTable).map(([type, [fields, told]]) => [code(type), told, fields.map(code).join(", ")]),
        ),
      ),
  },
  {
    file: "signals.md",
    render: () =>
      page(
        "Signals",
        "packages/core/src/signals.ts",
        "`app.signals.taskFailure.connect((event) => …, { task })`: Celery's signals, typed. A listener is called where the thing happens, after it or just before, as the table says, and can change nothing; one that throws is told of in the log. `executor` is the process or thread of the pool that runs tasks; in the pool `inline` it is the worker's own. Celery's `setup_logging` has no counterpart: `createApp` takes a `logger`.",
        table(
          ["signal", "told by", "when"],
          Object.entries(signalTable).map(([name, [where, when]]) => [code(name), where, when]),
        ),
      ),
  },
  {
    file: "metrics.md",
    render: () =>
      page(
        "Metrics",
        "packages/worker/src/probes/metric-table.ts",
        "What a worker tells at `/metrics`, [if it is asked to serve it](../metrics.md), a beat in those that begin with `celeriac_beat_`, and [the monitor](../monitor.md) in those that begin with `flower_`; beside Node's and the process's own figures, which have the names that they have everywhere: `process_*` and `nodejs_*`.",
        table(
          ["name", "kind", "labels", "unit", "meaning"],
          Object.entries({ ...metricTable, ...beatMetricTable, ...seriesTable }).map(([name, { kind, labels, unit, doc }]) => [
            code(name),
            kind,
            labels.map(code).join(", "),
            unit,
            doc,
          ]),
        ),
      ),
  },
  {
    file: "control.md",
    render: () =>
      page(
        "Commands of remote control",
        "packages/core/src/command.ts",
        "What `celeriac inspect`, `celeriac control` and `app.control` send to workers, under Celery's names, and what [Python's tools](../control.md) may send to ours. Arguments in brackets may be left out.",
        table(
          ["command", "of", "arguments", "meaning"],
          Object.entries<RemoteCommandRow>(remoteCommands).map(([name, { kind, args, doc, aliases = [], notApplicable }]) => [
            [name, ...aliases].map(code).join(", "),
            kind,
            Object.entries(args)
              .map(([arg, { doc: meaning, required }]) => `${code(required === true ? arg : `[${arg}]`)}: ${meaning}`)
              .join(" "),
            notApplicable === undefined ? doc : `${doc} Not applicable: ${notApplicable}`,
          ]),
        ),
      ),
  },
  { file: "commands.md", render: commandsPage },
];
