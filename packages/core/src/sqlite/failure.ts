/** Translates what libsql throws into our codes, once, in the I/O thread; and back into errors in the main thread. */
import type { ErrorCode } from "../error-table.ts";
import { BrokerError, CeleriacError, ConfigError, reasonOf } from "../errors.ts";
import type { Failure } from "./operation.ts";

interface SqliteErrorLike {
  readonly code?: unknown;
  readonly message?: unknown;
}

const codes: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^SQLITE_(CORRUPT|NOTADB)/, "STORE_CORRUPT"],
  [/^SQLITE_FULL/, "STORE_FULL"],
  [/^SQLITE_(CANTOPEN|PERM|AUTH|BUSY|LOCKED)/, "BROKER_UNREACHABLE"],
];

function sqliteCodeOf(error: unknown): string {
  const { code, message } = (typeof error === "object" && error !== null ? error : {}) as SqliteErrorLike;
  if (typeof code === "string") return code;
  // Opening fails without a code, only with SQLite's number at the end of a text.
  return typeof message === "string" && /ConnectionFailed/.test(message) ? "SQLITE_CANTOPEN" : "";
}

/** Somebody else holds the lock: to be tried again, and told only to who opens a file that somebody has for himself. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(sqliteCodeOf(error));
}

/** The connection's snapshot is stale for good; only a new connection helps. */
export function isStaleSnapshot(error: unknown): boolean {
  return sqliteCodeOf(error) === "SQLITE_BUSY_SNAPSHOT";
}

/** What concerns the file and not one operation. */
export function isTrouble(failure: Failure): boolean {
  if (failure.failed === "PUBLISH_UNROUTABLE") return false;
  return failure.failed !== "BROKER_REFUSED" || failure.message.includes("SQLITE_IOERR") || failure.message.includes("SQLITE_READONLY");
}

export function failureOf(error: unknown, path: string, uncertain = false): Failure {
  if (CeleriacError.is(error)) return { failed: error.code, message: error.message, uncertain };
  const sqliteCode = sqliteCodeOf(error);
  const full = /ENOSPC|disk is full/i.test(reasonOf(error));
  const code = full ? "STORE_FULL" : (codes.find(([pattern]) => pattern.test(sqliteCode))?.[1] ?? "BROKER_REFUSED");
  const why = isBusy(error) ? "another program has it for itself: " : "";
  return { failed: code, message: `${path}: ${why}${reasonOf(error)}${sqliteCode === "" ? "" : ` (${sqliteCode})`}`, uncertain };
}

/** An operation was refused: `uncertain` says that it may have been written all the same. */
export class StoreError extends CeleriacError {
  readonly uncertain: boolean;
  constructor(failure: Failure) {
    super(failure.failed, failure.message);
    this.uncertain = failure.uncertain;
  }
}

export function errorOf({ failed, message }: Failure): CeleriacError {
  if (failed.startsWith("CONFIG_")) return new ConfigError(failed, message);
  return failed.startsWith("BROKER_") ? new BrokerError(failed, message) : new CeleriacError(failed, message);
}
