/** The broker of an app, for commands that look into it: opened, used, closed. */
import type { AppRuntime, Broker } from "@celeriac/core/runtime";
import type { CommandArguments } from "./command-table.ts";
import { isInEnvironment, loadAppOrNone, refuseMemory } from "./load-app.ts";

export interface BrokerAccess {
  readonly broker: Broker;
  readonly runtime: AppRuntime;
}

/** Without an app that is found the broker comes from -b, CELERY_BROKER_URL or the file that CELERY_BROKER_URL_FILE names. Throws APP_NOT_FOUND, CONFIG_*, BROKER_*, MEMORY_OUT_OF_REACH. */
export async function withBroker<T>(common: CommandArguments<"queues">["common"], work: (access: BrokerAccess) => Promise<T>): Promise<T> {
  const brokerKnown = common.broker !== null || isInEnvironment("CELERY_BROKER_URL");
  const { app, runtime } = await loadAppOrNone(common.app, process.cwd(), brokerKnown);
  try {
    refuseMemory(runtime.settings.brokerUrl, "its queues are in the worker's process");
    const { broker } = await runtime.links();
    await broker.connect();
    return await work({ broker, runtime });
  } finally {
    await app.close();
  }
}
