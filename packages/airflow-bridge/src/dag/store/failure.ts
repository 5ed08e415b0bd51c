/** What a database says, translated once: where its adapters throw. */
import { CeleriacError, type ErrorCode, postgresFailureOf, postgresStateOf, sqliteFailureOf } from "@celeriac/core/runtime";

type StoreCode = Extract<ErrorCode, `DAG_STORE_${string}`>;

const sqliteCodes: Partial<Record<ErrorCode, StoreCode>> = {
  BROKER_UNREACHABLE: "DAG_STORE_UNREACHABLE",
  BROKER_REFUSED: "DAG_STORE_REFUSED",
  STORE_FULL: "DAG_STORE_FULL",
  STORE_CORRUPT: "DAG_STORE_CORRUPT",
};

/** Errors of ours that mean the same everywhere (CONFIG_*, STORE_NETWORK) pass. */
export function sqliteFailure(error: unknown, path: string): CeleriacError {
  const { failed, message } = sqliteFailureOf(error, path);
  const code = sqliteCodes[failed];
  if (code !== undefined) return new CeleriacError(code, `DAG store ${message}`, { cause: error });
  return CeleriacError.is(error) ? error : new CeleriacError("DAG_STORE_REFUSED", `DAG store ${message}`, { cause: error });
}

const postgresCodes: Partial<Record<ErrorCode, StoreCode>> = {
  BROKER_UNREACHABLE: "DAG_STORE_UNREACHABLE",
  BROKER_AUTH: "DAG_STORE_AUTH",
  BROKER_REFUSED: "DAG_STORE_REFUSED",
};

/** Errors of ours pass, but for credentials() that gave none: the database is asked again, as one that refused them. */
export function postgresFailure(error: unknown, label: string): CeleriacError {
  if (CeleriacError.is(error) && error.code === "CREDENTIALS_FAILED")
    return new CeleriacError("DAG_STORE_AUTH", `DAG store in ${label}: ${error.message}`, { cause: error });
  if (CeleriacError.is(error)) return error;
  const failure = postgresFailureOf(error, label);
  const code = codeOfState(postgresStateOf(error)) ?? postgresCodes[failure.code] ?? "DAG_STORE_REFUSED";
  return new CeleriacError(code, `DAG store in ${failure.message}`, { cause: error });
}

function codeOfState(state: string | null): StoreCode | null {
  if (state === "53100") return "DAG_STORE_FULL";
  return state?.startsWith("XX00") ? "DAG_STORE_CORRUPT" : null;
}

/** The database has undone the transaction, because another stood in its way; it may be run again. */
export function isUndone(error: unknown): boolean {
  const state = postgresStateOf(CeleriacError.is(error) ? error.cause : error);
  return state === "40P01" || state === "40001";
}
