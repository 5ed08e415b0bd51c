/** What happened to a task, in one sentence. Pure. */
import type { TaskRow } from "../../shared/contract.ts";
import { duration } from "../format/duration.ts";

/** "Failed after 1.2 s". `now`: epoch seconds. */
export function happened(task: TaskRow, now: number): string {
  if (task.lost) return "Lost: its worker is gone, and nobody has stored an outcome";
  const ran = task.runtime ?? (task.ended !== null && task.started !== null ? task.ended - task.started : null);
  const after = ran === null ? "" : ` after ${duration(ran)}`;
  switch (task.state) {
    case "SUCCESS":
      return ran === null ? "Succeeded" : `Succeeded in ${duration(ran)}`;
    case "FAILURE":
      return `Failed${after}`;
    case "RETRY":
      return `Will be tried again, after ${task.retries} ${task.retries === 1 ? "retry" : "retries"}`;
    case "REVOKED":
      return task.started === null ? "Revoked before it began" : `Revoked${after}`;
    case "REJECTED":
      return "Rejected by its worker";
    case "STARTED":
      return task.started === null ? "Running" : `Running for ${duration(Math.max(0, Math.floor(now - task.started)))}`;
    case "RECEIVED":
      return task.eta === null ? "Waiting in its worker for a slot" : "Waiting in its worker until it is due";
    case "PENDING":
      return "Sent; no worker has it yet";
    default:
      return task.state;
  }
}
