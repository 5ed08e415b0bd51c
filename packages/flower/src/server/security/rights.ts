/** What each change needs: the one table that roles are held against. */
import type { Role } from "../../shared/contract.ts";
import type { ActionName } from "../access.ts";

/** null: nothing, it is about the one who asks. */
export const roleFor: Readonly<Record<ActionName, Role | null>> = {
  revoke: "operator",
  terminate: "operator",
  abort: "operator",
  retry: "operator",
  apply: "operator",
  "time-limit": "operator",
  "rate-limit": "operator",
  "pool-grow": "operator",
  "pool-shrink": "operator",
  "pool-restart": "admin",
  autoscale: "operator",
  "add-consumer": "operator",
  "cancel-consumer": "operator",
  shutdown: "admin",
  login: null,
  logout: null,
};

/** They send work, and that may come at any rate. */
export const sendingActions: ReadonlySet<ActionName> = new Set(["apply", "retry"]);
