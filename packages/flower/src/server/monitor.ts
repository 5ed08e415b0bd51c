/** The monitor: opens its rooms in order, serves, and closes them in reverse. */
import type { App } from "@celeriac/core";
import { CeleriacError, createService, durationMs, type Logger, runtimeOf, type Service, silentLogger } from "@celeriac/core/runtime";
import type { FastifyInstance } from "fastify";
import { addressOf, listen } from "./listening.ts";
import { type MonitorOptions, resolveMonitorOptions } from "./options.ts";
import type { MonitorParts } from "./parts.ts";
import { pageRoutes } from "./routes/pages.ts";
import { probeRoutes } from "./routes/probes.ts";
import { howToOpen } from "./security/posture.ts";
import { createSecurity } from "./security/security.ts";
import { createServer } from "./server.ts";

/** What whoever embeds a monitor may add; the command does. */
export interface MonitorSurroundings {
  readonly logger?: Logger | undefined;
}

export interface Monitor extends Service {
  /** what people open, such as "http://127.0.0.1:5555"; null until it is started */
  readonly url: string | null;
}

const stopLimitMs = durationMs("5s", "stop");

/** Throws CONFIG_UNKNOWN and CONFIG_INVALID for options, APP_NOT_FOUND for what is no app; start() MONITOR_LISTEN and CONFIG_FILE. */
export function createMonitor(app: App<unknown>, options: MonitorOptions = {}, surroundings: MonitorSurroundings = {}): Monitor {
  const runtime = runtimeOf(app);
  if (runtime === undefined) throw new CeleriacError("APP_NOT_FOUND", "createMonitor takes an app made by createApp");
  const given = resolveMonitorOptions(options);
  const logger = surroundings.logger ?? silentLogger;
  /** what is to be closed, the last one first */
  const open: (() => Promise<unknown>)[] = [];
  let url: string | null = null;

  const service = createService("monitor", {
    async start() {
      try {
        const { clock } = runtime;
        const security = createSecurity({ options: given, note: async (entry) => logger.info("change", entry), clock, logger });
        const parts: MonitorParts = { app, runtime, options: given, logger, clock, security };
        const server: FastifyInstance = createServer(parts, [probeRoutes, pageRoutes]);
        open.push(() => server.close());
        url = await listen(server, given, addressOf(given, security.posture === "login"));
        logger.info("monitor-ready", { url });
        if (security.posture === "closed") logger.warn(howToOpen, { url });
      } catch (error) {
        // Nobody has to stop a monitor that did not start.
        await close();
        throw error;
      }
    },
    async stop(deadlineMs = stopLimitMs) {
      await Promise.race([close(), runtime.clock.sleep(deadlineMs, undefined, { background: true })]);
    },
  });

  async function close(): Promise<void> {
    for (const end of open.splice(0).reverse()) await end();
    url = null;
  }

  return Object.defineProperty({ ...service } as Monitor, "url", { get: () => url, enumerable: true });
}
