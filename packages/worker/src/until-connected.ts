/** How a starting worker waits for its broker and result backend. */
import { type CeleriacError, type Clock, isUnreachable, type Logger, type Settings } from "@celeriac/core/runtime";

export interface WaitForBroker {
  readonly settings: Pick<Settings, "brokerConnectionRetry" | "brokerConnectionRetryOnStartup" | "brokerConnectionMaxRetries">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Told of each attempt that failed. */
  failed(error: CeleriacError): void;
}

const longestWaitMs = 5_000;

/** A broker that cannot be reached yet is waited for; what a person must mend is thrown. null when `signal` aborts. */
export async function untilConnected<T>(
  connect: () => Promise<T>,
  { settings, clock, logger, signal, failed }: WaitForBroker,
): Promise<T | null> {
  const { brokerConnectionRetry, brokerConnectionRetryOnStartup, brokerConnectionMaxRetries } = settings;
  const isPatient = brokerConnectionRetryOnStartup ?? brokerConnectionRetry;
  let retriesLeft = isPatient ? brokerConnectionMaxRetries || Number.POSITIVE_INFINITY : 0;
  let told: string | null = null;
  for (let waitMs = 250; !signal.aborted; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await connect();
    } catch (error) {
      if (!isUnreachable(error) || retriesLeft-- <= 0) throw error;
      failed(error);
      // Each reason is news once.
      logger[error.message === told ? "debug" : "warn"]("broker or result backend not reachable, trying again", {
        errorCode: error.code,
        reason: error.message,
        retryInMs: waitMs,
      });
      told = error.message;
    }
    await clock.sleep(waitMs, signal);
  }
  return null;
}
