/** What drivers say while they try to reach a server again and again: a person hears, once, of what will not heal by itself. */
import type { ErrorCode } from "./error-table.ts";
import { CeleriacError, reasonOf } from "./errors.ts";
import type { Logger } from "./logger.ts";

export interface RetryLog {
  /** `what` is the log line, e.g. "Redis is not reachable yet; tried again". */
  failed(what: string, error: unknown): void;
  /** Whatever fails from now on is news. */
  succeeded(): void;
}

const refusals: ReadonlySet<ErrorCode> = new Set([
  "BROKER_AUTH",
  "BROKER_TLS",
  "BROKER_REFUSED",
  "BACKEND_AUTH",
  "BACKEND_TLS",
  "BACKEND_REFUSED",
]);

/** An error when the server answers and refuses (a changed password, a user's rights, an expired certificate), each time its words change; debug for everything else. */
export function createRetryLog(logger: Logger): RetryLog {
  let told: string | null = null;
  return {
    failed(what, error) {
      const errorCode = CeleriacError.is(error) ? error.code : null;
      const isRefused = errorCode !== null && refusals.has(errorCode);
      const reason = reasonOf(error);
      const isNews = isRefused && reason !== told;
      if (isNews) told = reason;
      logger[isNews ? "error" : "debug"](what, { errorCode, reason });
    },
    succeeded() {
      told = null;
    },
  };
}
