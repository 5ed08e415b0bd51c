/** What every driver is given when it is opened: the ground it stands on. */
import type { Clock } from "./clock.ts";
import type { CredentialsSources } from "./credentials.ts";
import type { Logger } from "./logger.ts";

export interface DriverContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is asked for user and password at each connect to a URL; null: the URL has them. */
  readonly credentials: CredentialsSources | null;
  /** SQLite: "full" survives power loss, "process" survives kill -9. */
  readonly durability: "full" | "process";
  /** The JSON text of a result as it lies in Redis or comes from a worker; what cannot be read, or is not accepted, stays as it is. */
  resultTextOf(stored: Buffer): string;
  /** Redis: start although the server may evict keys. */
  readonly allowEviction: boolean;
  /** memory://: true in an executor, which shares no memory with its worker. */
  readonly inExecutor: boolean;
}
