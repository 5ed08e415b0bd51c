/** User and password that an app gives anew for each connection, such as a cloud's tokens. Stands between `createApp` and the drivers. */
import type { Clock } from "./clock.ts";
import { BackendError, BrokerError, reasonOf } from "./errors.ts";
import { redactUrl } from "./redact.ts";

export interface CredentialsRequest {
  /** what is connected to */
  readonly purpose: "broker" | "backend" | "coordinator" | "dagStore" | "dagTables";
  /** its URL, any password in it replaced by stars */
  readonly url: string;
  /** "host:port" of the sentinel that is connected to; null: the server that the URL leads to */
  readonly sentinel: string | null;
}

export interface Credentials {
  /** the URL's unless given */
  readonly username?: string | undefined;
  readonly password: string;
}

/**
 * Asked each time a connection to Redis, RabbitMQ or PostgreSQL is opened, and given 10 s; what it gives stands in place of what the URL says.
 * Of sentinels it is asked where `sentinelKwargs` names a user or a password.
 */
export type CredentialsHook = (request: CredentialsRequest) => Credentials | Promise<Credentials>;

/** A hook for one URL. Throws CREDENTIALS_FAILED where it throws, does not answer, or gives what are no credentials. */
export type CredentialsSource = () => Promise<Credentials>;
/** The sources of one purpose, by URL and sentinel. */
export type CredentialsSources = (url: string, sentinel?: string) => CredentialsSource;

/** How long a hook may take. */
export const answerLimitMs = 10_000;

export function createCredentialsSource(
  hook: CredentialsHook,
  clock: Clock,
  { purpose, url, sentinel }: CredentialsRequest,
): CredentialsSource {
  const request = Object.freeze({ purpose, url: redactUrl(url), sentinel });
  const failed = (why: string, cause?: unknown) => {
    const Failure = purpose === "backend" ? BackendError : BrokerError;
    return new Failure("CREDENTIALS_FAILED", `credentials() gave nothing for the ${purpose}: ${why}`, cause === undefined ? {} : { cause });
  };
  return () =>
    new Promise((resolve, reject) => {
      const limit = clock.after(answerLimitMs, () => reject(failed(`no answer within ${answerLimitMs / 1_000} s`)));
      // A hook that throws at once rejects like one that rejects.
      Promise.resolve()
        .then(() => hook(request))
        .then(
          (given) => (isCredentials(given) ? resolve(given) : reject(failed("expected { username?, password }, both texts"))),
          (error: unknown) => reject(failed(reasonOf(error), error)),
        )
        .finally(() => limit.cancel());
    });
}

function isCredentials(given: unknown): given is Credentials {
  if (typeof given !== "object" || given === null) return false;
  const { username, password } = given as Partial<Record<keyof Credentials, unknown>>;
  return (username === undefined || typeof username === "string") && typeof password === "string";
}
