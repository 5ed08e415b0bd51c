/** What a failed query means. The one place where errors of `pg` and PostgreSQL's codes are read. */
import { BackendError, BrokerError, CeleriacError, reasonOf } from "../errors.ts";

type Verdict = "UNREACHABLE" | "AUTH" | "REFUSED";

/** The five signs that the server gave its answer; null for what no server said. */
export function sqlStateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("severity" in error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/** Tables that are not there. */
export function isUndefined(error: unknown): boolean {
  return sqlStateOf(error) === "42P01";
}

/** The connection is no more, or none was made: connection exceptions, a server that stops, starts or is full of clients. */
const away = /^(?:08|57P0[123]|53300)/;

/** What a server said to who would have made tables that it has not, or has of an older version; anything else as it is. */
export function tablesRefused(error: unknown): unknown {
  if (verdictOf(error) !== "REFUSED") return error;
  const message = `tables of Celeriac are missing or old, and could not be made: ${reasonOf(error)}. Connect once as a user who may make them`;
  return Object.assign(new Error(message, { cause: error }), { severity: "ERROR", code: sqlStateOf(error) });
}

function verdictOf(error: unknown): Verdict {
  const state = sqlStateOf(error);
  if (state === null || away.test(state)) return "UNREACHABLE";
  return state.startsWith("28") ? "AUTH" : "REFUSED";
}

const says: Readonly<Record<Verdict, string>> = { UNREACHABLE: "is not reachable", AUTH: "refused user or password", REFUSED: "refused" };

function messageOf(verdict: Verdict, error: unknown, label: string): string {
  return `PostgreSQL at ${label} ${says[verdict]}: ${reasonOf(error)}`;
}

/** BACKEND_UNREACHABLE, BACKEND_AUTH or BACKEND_REFUSED, with `error` as cause. Errors of ours pass. */
export function backendFailure(error: unknown, label: string): CeleriacError {
  if (CeleriacError.is(error)) return error;
  const verdict = verdictOf(error);
  return new BackendError(`BACKEND_${verdict}`, messageOf(verdict, error, label), { cause: error });
}

/** BROKER_UNREACHABLE, BROKER_AUTH or BROKER_REFUSED, as other coordinators say it. Errors of ours pass. */
export function coordinatorFailure(error: unknown, label: string): CeleriacError {
  if (CeleriacError.is(error)) return error;
  const verdict = verdictOf(error);
  return new BrokerError(`BROKER_${verdict}`, messageOf(verdict, error, label), { cause: error });
}
