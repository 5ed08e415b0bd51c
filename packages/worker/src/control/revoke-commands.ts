/** Remote control of what is revoked: told by operators and callers, and shared with workers that start. Texts are Celery's. */
import { constants } from "node:os";
import { CeleriacError, reprValue, stampValues } from "@celeriac/core/runtime";
import { mostShared } from "../revoked.ts";
import type { RevokeHow } from "../revoker.ts";
import type { Commands } from "./command.ts";
import type { Desk } from "./desk.ts";

const mostTold = 20;

export const revokeCommands: Commands<"revoke" | "terminate" | "revoke_by_stamped_headers" | "revoked" | "hello"> = {
  revoked: ({ revoked }) => revoked.ids,
  revoke(desk, { task_id: ids, terminate, signal, abort }) {
    if (terminate === true) return terminateTasks(desk, ids, signal);
    const how: RevokeHow = abort === null ? { kind: "leave" } : { kind: "abort", reason: abort };
    const once = [...new Set(ids)];
    desk.revoker.revoke(once, how);
    desk.logger.info("tasks flagged as revoked", { ...told(once), ...(abort === null ? {} : { abort }) });
    return { ok: `tasks ${once.join(", ")} flagged as revoked` };
  },
  terminate: (desk, { task_id: ids, signal }) => terminateTasks(desk, ids, signal),
  revoke_by_stamped_headers({ revoker, logger }, { headers, terminate, signal }) {
    const stamps = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, stampValues(value)]));
    const how: RevokeHow = terminate === true ? { kind: "terminate", signal: signalOf(signal) } : { kind: "leave" };
    const found = Object.entries(revoker.revokeStamped(stamps, how));
    logger.info("stamped tasks flagged as revoked", { headers, terminate: terminate === true });
    if (terminate !== true) return { ok: `headers ${reprValue(headers)} flagged as revoked, but not terminated` };
    if (found.length === 0) return { ok: `headers ${reprValue(headers)} were not terminated` };
    const sets = found.map(([name, values]) => `${reprValue(name)}: {${values.map((value) => reprValue(value)).join(", ")}}`);
    return { ok: `headers {${sets.join(", ")}} revoked` };
  },
  hello({ hostname, revoked, revoker, runtime, logger }, { from_node: from, revoked: theirs }) {
    if (from === hostname) return undefined;
    logger.info("mingle: another worker starts", { node: from });
    revoker.learn((theirs ?? []).slice(-mostShared));
    // A plain list, because the numbers that Celery sends with ids are of its own machine's monotonic clock.
    return { revoked: revoked.ids.slice(-mostShared), clock: runtime.lamport.forward() };
  },
};

function terminateTasks({ revoker, logger }: Desk, ids: readonly string[], given: string | number | null) {
  const signal = signalOf(given);
  const found = revoker.revoke([...new Set(ids)], { kind: "terminate", signal });
  if (found.length === 0) return { ok: "terminate: tasks unknown" };
  logger.info("tasks are terminated", { ...told(found), signal });
  return { ok: `terminate: ${found.join(", ")}` };
}

/** A line of the log does not hold the ids of thousands. */
function told(taskIds: readonly string[]): object {
  return { tasks: taskIds.length, taskIds: taskIds.slice(0, mostTold) };
}

/** As Celery takes it: a name, with or without SIG, or a number; SIGTERM where there is none. Throws CONTROL_ARGUMENTS. */
function signalOf(given: string | number | null): NodeJS.Signals {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  const wanted = String(given ?? "SIGTERM").toUpperCase();
  const found = names.find((name) => name === wanted || name === `SIG${wanted}` || String(constants.signals[name]) === wanted);
  if (found !== undefined) return found;
  throw new CeleriacError(
    "CONTROL_ARGUMENTS",
    `signal is the name or number of a signal, such as SIGTERM or 15, got ${JSON.stringify(given)}`,
  );
}
