/** What each tab of a worker's page is given. */
import type { WorkerView } from "../../../shared/contract.ts";

export interface TabProps {
  readonly worker: WorkerView;
  /** why it cannot be changed; null: it can */
  readonly refusal: string | null;
  /** after a change: asks the worker again */
  refresh(): Promise<void>;
}
