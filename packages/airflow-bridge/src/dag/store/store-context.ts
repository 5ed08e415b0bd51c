/** What a store, or another database of ours, is given when it is opened. */
import { CeleriacError, type DriverContext } from "@celeriac/core/runtime";

export type DatabaseContext = Pick<DriverContext, "clock" | "logger" | "durability" | "credentials">;

export interface StoreContext extends DatabaseContext {
  /** of the default pool, which is made with the tables */
  readonly defaultPoolSlots: number;
}

export function closedError(label: string): CeleriacError {
  return new CeleriacError("DAG_STORE_CLOSED", `The DAG store ${label} was closed`);
}
