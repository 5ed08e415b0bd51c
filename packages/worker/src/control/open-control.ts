/** Remote control of a running worker: a mailbox whose commands are carried out at its desk. */
import { type Broker, openMailbox, reasonOf, type Subscription } from "@celeriac/core/runtime";
import { carryOut } from "./carry-out.ts";
import type { Desk } from "./desk.ts";

/** null where settings turn it off, or the broker refuses it: that costs remote control, not the worker. */
export async function openControl(broker: Broker, desk: Desk): Promise<Subscription | null> {
  const { runtime, logger, hostname } = desk;
  const { settings, lamport } = runtime;
  if (!settings.workerEnableRemoteControl) return null;
  try {
    return await openMailbox({ broker, settings, lamport, logger, hostname, carryOut: (request) => carryOut(desk, request) });
  } catch (error) {
    logger.warn("this worker takes no remote control: the broker refused its mailbox", { reason: reasonOf(error) });
    return null;
  }
}
