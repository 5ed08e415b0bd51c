/** What can be done to a task or a worker from a page, as one call each. */
import type { ActionReport } from "../../shared/contract.ts";
import { apiUrl } from "../address.ts";
import { order } from "./ask.ts";

export type TaskAction = "retry" | "revoke" | "terminate" | "abort";

export function actOnTask(uuid: string, action: TaskAction): Promise<ActionReport> {
  return order(apiUrl(["tasks", uuid, action]));
}

/** "pool-grow", {n: 1} */
export function actOnWorker(name: string, action: string, words: Readonly<Record<string, unknown>> = {}): Promise<ActionReport> {
  return order(apiUrl(["workers", name, action]), words);
}
