/** Where a PostgreSQL server is, read from a URL as Celery and SQLAlchemy write it. Ground of the PostgreSQL drivers. */
import type { CredentialsSource, CredentialsSources } from "../credentials.ts";
import { ConfigError } from "../errors.ts";
import { redactUrl } from "../redact.ts";

export interface PostgresAddress {
  /** as `pg` takes it, credentials and options included */
  readonly connectionString: string;
  /** asked at each connect; what it gives stands in place of user and password above */
  readonly credentials: CredentialsSource | null;
  /** "host:port/database", without credentials: for messages */
  readonly label: string;
}

/**
 * Reads `db+postgresql://[user:password@]host[:port]/database[?options]`. A Python driver's name (`db+postgresql+psycopg2://`) changes
 * nothing, and `postgresql://` is the same. Throws CONFIG_URL.
 */
export function parsePostgresUrl(url: string, credentials: CredentialsSources | null = null): PostgresAddress {
  const rest = /^(?:db\+)?postgres(?:ql)?(?:\+\w+)?:(\/\/.+)$/i.exec(url)?.[1];
  const connectionString = `postgresql:${rest}`;
  if (rest === undefined || !URL.canParse(connectionString)) {
    throw new ConfigError(
      "CONFIG_URL",
      `The PostgreSQL URL ${JSON.stringify(redactUrl(url))} cannot be read: expected db+postgresql://[user:password@]host[:port]/database`,
    );
  }
  const { hostname, port, pathname, searchParams } = new URL(connectionString);
  const host = searchParams.get("host") ?? (hostname || "localhost");
  return Object.freeze({ connectionString, credentials: credentials?.(url) ?? null, label: `${host}:${port || "5432"}${pathname}` });
}
