/** What a failed Redis command means, and our errors for it. The one place where ioredis' errors are read. */
import { BackendError, BrokerError, CeleriacError, reasonOf } from "../errors.ts";
import { tlsFailure } from "../tls.ts";

/** `unsent`: the server never saw the command. `refused`: it answered no. `unknown`: written, and no answer came. */
export type Verdict = "unsent" | "refused" | "unknown";

/** A command that was not written, because the connection was gone. */
export class UnsentError extends Error {}

export function verdictOf(error: unknown): Verdict {
  if (error instanceof UnsentError) return "unsent";
  if (isReply(error)) return "refused";
  return error instanceof Error && error.message.startsWith("Stream isn't writeable") ? "unsent" : "unknown";
}

/** true for an error that the server itself answered, such as "OOM command not allowed". */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && (error.name === "ReplyError" || /^-?(?:[A-Z]{3,}) /.test(error.message));
}

/** The server answers, but as one that cannot serve now: still loading, full of clients, a replica since a failover, or not who holds the key. Another connection may reach a better one. */
export function isWrongServer(error: unknown): boolean {
  return isReply(error) && /^(?:READONLY|LOADING|MASTERDOWN|UNKILLABLE|MOVED|CLUSTERDOWN|ERR max number of clients)\b/.test(error.message);
}

export const clusterUrl = "it is a node of a Redis Cluster: its URL is to begin with redis+cluster:// or rediss+cluster://";

/** What a server says that is a node of a cluster and was taken for a server of its own, as people need it told; any other error as it is. */
export function nodeRefusal(error: unknown): unknown {
  if (!isReply(error) || !/^(?:-?MOVED|CROSSSLOT|CLUSTERDOWN)\b/.test(error.message)) return error;
  return Object.assign(new Error(clusterUrl, { cause: error }), { name: "ReplyError" });
}

/** Of several servers that were asked none helped. What one said itself, that it wants a password for example, tells more than who was not there; so do our own errors. */
export function unanswered(what: string, failures: readonly unknown[]): unknown {
  const said = failures.find((failure) => isReply(failure) || CeleriacError.is(failure));
  if (said !== undefined) return said;
  const [failure] = failures;
  const reasons = [...new Set(failures.map(reasonOf))].join("; ");
  // An untrusted certificate is known by its code.
  const code = typeof failure === "object" && failure !== null && "code" in failure ? { code: failure.code } : {};
  return Object.assign(new Error(`${what}: ${reasons}`, { cause: failure }), code);
}

function isRefusedLogin(error: unknown): boolean {
  return isReply(error) && /^(?:NOAUTH|WRONGPASS|ERR invalid password|ERR (?:Client sent )?AUTH\b)/i.test(error.message);
}

/** Takes the arguments off a foreign error: they hold the password when AUTH failed, and message bodies when anything else did. */
function scrubbed(error: unknown): unknown {
  if (typeof error === "object" && error !== null && "command" in error) delete error.command;
  return error;
}

/** BROKER_AUTH, BROKER_TLS, BROKER_REFUSED or BROKER_UNREACHABLE, with `error` as cause. Errors of ours pass. */
export function brokerFailure(error: unknown, label: string): BrokerError {
  if (BrokerError.is(error)) return error;
  const cause = scrubbed(error);
  if (isRefusedLogin(error))
    return new BrokerError("BROKER_AUTH", `Redis at ${label} refused user or password: ${reasonOf(error)}`, { cause });
  const mistrust = tlsFailure(error);
  if (mistrust !== null) return new BrokerError("BROKER_TLS", `No encrypted connection to Redis at ${label}: ${mistrust}`, { cause });
  if (isReply(error) && !isWrongServer(error))
    return new BrokerError("BROKER_REFUSED", `Redis at ${label} refused: ${reasonOf(error)}`, { cause });
  return new BrokerError("BROKER_UNREACHABLE", `Redis at ${label} is not reachable: ${reasonOf(error)}`, { cause });
}

/** BACKEND_AUTH, BACKEND_TLS, BACKEND_REFUSED or BACKEND_UNREACHABLE, with `error` as cause. Errors of ours pass. */
export function backendFailure(error: unknown, label: string): BackendError {
  if (BackendError.is(error)) return error;
  const cause = scrubbed(error);
  if (isRefusedLogin(error))
    return new BackendError("BACKEND_AUTH", `Redis at ${label} refused user or password: ${reasonOf(error)}`, { cause });
  const mistrust = tlsFailure(error);
  if (mistrust !== null) return new BackendError("BACKEND_TLS", `No encrypted connection to Redis at ${label}: ${mistrust}`, { cause });
  if (isReply(error) && !isWrongServer(error))
    return new BackendError("BACKEND_REFUSED", `Redis at ${label} refused: ${reasonOf(error)}`, { cause });
  return new BackendError("BACKEND_UNREACHABLE", `Redis at ${label} is not reachable: ${reasonOf(error)}`, { cause });
}
