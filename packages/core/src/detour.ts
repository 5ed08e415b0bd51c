/** Leads an app elsewhere for a while: in a test it reaches a memory of its own, on a clock of its own, and nothing real. */
import { randomUUID } from "node:crypto";
import { type AppRuntime, createRuntime } from "./app-runtime.ts";
import type { Clock } from "./clock.ts";
import { CeleriacError } from "./errors.ts";
import { forgetSpace } from "./memory/space.ts";
import type { Registry } from "./registry.ts";

export interface Detour {
  readonly clock: Clock;
  /** what tasks find in place of what the app's `deps` opens */
  readonly deps: unknown;
  /** what tasks are looked up in; it may look further in the app's own */
  readonly registry: Registry;
  /** further settings, by their own names */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** What is the detour's while it lasts; all else is the app's own. */
const led = ["settings", "registry", "deps", "clock", "lamport", "logger", "setLogger", "closed"] as const;
const reaching = ["links", "coordinator", "scheduleStore", "composeContext", "close"] as const;

/** Settings that lead to servers, ports and files, or say how to reach them. */
const nowhereElse = {
  resultBackend: null,
  coordinator: null,
  scheduleStore: null,
  celeryTables: false,
  redisBackendUseSsl: undefined,
  resultBackendTransportOptions: undefined,
  workerStateDb: null,
  workerHttp: null,
} as const;

const underway = new WeakSet<AppRuntime>();

/**
 * Gives what ends it: that closes what was opened meanwhile, and from then on the app reaches nothing, until the next detour: a test that forgets
 * hears of it (TEST_APP_MISSING). Throws TEST_APP_ACTIVE while another detour lasts.
 */
export function leadElsewhere(runtime: AppRuntime, { clock, deps, registry, settings = {} }: Detour): () => Promise<void> {
  if (underway.has(runtime))
    throw new CeleriacError(
      "TEST_APP_ACTIVE",
      `testApp() is under way for app ${JSON.stringify(runtime.name)}: dispose it first, with \`await using\` or in afterEach`,
    );
  const url = `memory://test-${randomUUID()}`;
  const { options } = runtime;
  const elsewhere = createRuntime(
    {
      ...options,
      config: { ...options.config, ...nowhereElse, brokerUrl: url, ...settings },
      unusedSettings: [],
      deps: () => deps,
      credentials: undefined,
      brokerRequired: false,
      clock,
    },
    { ...runtime, registry },
  );
  const own = Object.getOwnPropertyDescriptors(runtime);
  const other = Object.getOwnPropertyDescriptors(elsewhere);
  for (const key of [...led, ...reaching]) Object.defineProperty(runtime, key, other[key]);
  underway.add(runtime);
  return async () => {
    if (!underway.delete(runtime)) return;
    for (const key of [...led, "composeContext", "close"] as const) Object.defineProperty(runtime, key, own[key]);
    const missing = () => Promise.reject(missingError(runtime.name));
    Object.assign(runtime, { links: missing, coordinator: missing, scheduleStore: missing });
    await elsewhere.close();
    forgetSpace(url);
  };
}

function missingError(name: string): CeleriacError {
  return new CeleriacError(
    "TEST_APP_MISSING",
    `App ${JSON.stringify(name)} was tested in this process and no testApp() is under way: call it first, and await what a test begins before it is disposed`,
  );
}
