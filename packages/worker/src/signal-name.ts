/** Signals as an operator names them, Celery's ways included. */
import { constants } from "node:os";
import { ConfigError, shownValue } from "@celeriac/core/runtime";

/** "SIGTERM", "TERM", "term" or 15 → "SIGTERM". Throws CONFIG_INVALID for what this system does not know. */
export function signalName(given: unknown): NodeJS.Signals {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  const upper = String(given).toUpperCase();
  const found = names.find((name) => name === upper || name === `SIG${upper}` || String(constants.signals[name]) === upper);
  if (found !== undefined) return found;
  throw new ConfigError("CONFIG_INVALID", `signal: expected the name or number of a signal, such as SIGTERM, got ${shownValue(given)}`);
}
