/** What the monitor keeps, where and for how long: rows of the table of options. */
import { countSetting, textSetting } from "@celeriac/core/runtime";
import type { TaskRecord } from "../history/task-record.ts";
import { callable, yesOrNo } from "../option-kinds.ts";

/** What `format_task` is given, and gives back: a copy, of which texts may be cut or masked. */
export type FormatTask = (task: TaskRecord) => TaskRecord;

export const keepingOptions = {
  persistent: yesOrNo(
    null,
    "Keep the history in the file `db`. Unset: yes, where that can be written, else in memory, which a banner says.",
  ),
  db: textSetting(
    "flower.sqlite",
    "Where the history is kept: a file, SQLite, or postgresql://user:password@host/database, which several monitors may share.",
    { secret: true },
  ),
  stateSaveInterval: countSetting(0, [0, 1_000_000_000], "Does nothing: what is heard is written within half a second."),
  maxTasks: countSetting(100_000, [1, 100_000_000], "So many rows /api/tasks gives at most where no limit was asked for."),
  maxWorkers: countSetting(
    5_000,
    [1, 1_000_000],
    "So many workers are remembered; of more, those that were not heard of for longest are forgotten.",
  ),
  retentionTasks: countSetting(1_000_000, [1, 1_000_000_000], "So many tasks are kept; of more, the oldest go."),
  retentionDays: countSetting(30, [1, 36_500], "Tasks go that were not heard of for so many days."),
  retentionBytes: countSetting(
    4_294_967_296,
    [1_048_576, 1_000_000_000_000_000],
    "The history grows no larger; before, the oldest tasks go.",
  ),
  formatTask: callable<FormatTask>("Called with each task that the pages show: gives back what is to be shown of it."),
} as const;
