/** Who is asking, and how the pages are to look. */
import type { SessionView } from "../../../shared/contract.ts";
import { monitorVersion } from "../../version.ts";
import { reading } from "./api-route.ts";

export const sessionRoutes = [
  reading({
    path: "/session",
    summary: "Who is asking, what they may, and how the pages are to look.",
    answer: "SessionView",
    async answerTo({ asker: { user, role, readOnly } }, { security, options, runtime, dagRuns }): Promise<SessionView> {
      const { tasksColumns, autoRefresh, naturalTime, environment } = options;
      const { timezone: timeZone } = runtime.settings;
      return {
        user,
        role,
        readOnly,
        logins: security.logins,
        options: { tasksColumns, autoRefresh, naturalTime, timeZone, environment },
        dags: dagRuns?.isThere() ?? false,
        version: monitorVersion(),
      };
    },
  }),
];
