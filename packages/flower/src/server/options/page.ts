/** How the pages look: rows of the table of options. */
import { textOrNone, texts, yesOrNo } from "../option-kinds.ts";

export const taskColumns = [
  "name",
  "uuid",
  "state",
  "args",
  "kwargs",
  "result",
  "received",
  "started",
  "runtime",
  "worker",
  "queue",
  "exchange",
  "routing_key",
  "retries",
  "revoked",
  "exception",
  "expires",
  "eta",
] as const;

export const pageOptions = {
  autoRefresh: yesOrNo(true, "Pages follow what happens without being loaded anew."),
  naturalTime: yesOrNo(false, 'Show "3 minutes ago" rather than the time.'),
  tasksColumns: texts(taskColumns.slice(0, 10), `Columns of the list of tasks, in their order: ${taskColumns.join(", ")}.`),
  environment: textOrNone('Shown on every page, such as "production".'),
} as const;
