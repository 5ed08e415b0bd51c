/** The one contract of everything that runs long: start when ready, stop when quiet. */
import { CeleriacError } from "./errors.ts";

export interface Service extends AsyncDisposable {
  /** Resolves when ready to serve. A second call joins the first. Throws SERVICE_STOPPED when stopped meanwhile. */
  start(): Promise<void>;
  /** Resolves when quiet, at the latest about `deadlineMs` from now. Before start, twice, or at once with start: harmless. */
  stop(options?: { readonly deadlineMs?: number | undefined }): Promise<void>;
}

/** One start and one stop, each safe to repeat. */
export interface ServiceSteps {
  /** `signal` aborts when stop is called meanwhile: give up soon, then `stop` cleans up whatever was opened. */
  start(signal: AbortSignal): Promise<void>;
  /** Called once, after `start` has ended in whichever way; must cope with a half-done start. */
  stop(deadlineMs: number | undefined): Promise<void>;
}

/** Gives two steps the manners of a Service. A stopped service does not start again: make a new one. */
export function createService(name: string, steps: ServiceSteps): Service {
  const stopping = new AbortController();
  let starting: Promise<void> | null = null;
  let stopped: Promise<void> | null = null;
  const refusal = () => new CeleriacError("SERVICE_STOPPED", `${name} was stopped before it was ready`);

  const service: Service = {
    start() {
      if (starting !== null) return starting;
      if (stopped !== null) return Promise.reject(refusal());
      starting = (async () => {
        await steps.start(stopping.signal);
        if (stopping.signal.aborted) throw refusal();
      })();
      // The caller sees the rejection through the promise it was given; stop() must not see it as unhandled.
      starting.catch(() => {});
      return starting;
    },
    stop(options = {}) {
      if (stopped !== null) return stopped;
      stopping.abort();
      const started = starting;
      stopped = (async () => {
        if (started === null) return;
        await started.catch(() => {});
        await steps.stop(options.deadlineMs);
      })();
      return stopped;
    },
    async [Symbol.asyncDispose]() {
      await service.stop();
    },
  };
  return service;
}
