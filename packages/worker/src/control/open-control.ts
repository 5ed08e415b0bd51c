/** Remote control of a running worker: a mailbox whose commands are carried out at its desk, and the question to the others what it missed. */
import { type Broker, isMemoryUrl, openMailbox, partsOf, reasonOf } from "@celeriac/core/runtime";
import { createMingling } from "../mingle.ts";
import { carryOut } from "./carry-out.ts";
import type { Desk } from "./desk.ts";

export interface RemoteControl {
  /** Asks the others what was revoked while this worker heard nothing. Resolves when tasks may be taken; never rejects. */
  catchUp(): Promise<void>;
  close(): Promise<void>;
}

/** null where settings turn it off, or the broker refuses it: that costs remote control, not the worker. */
export async function openControl(broker: Broker, desk: Desk, mingles: boolean): Promise<RemoteControl | null> {
  const { runtime, logger, hostname, revoked, revoker } = desk;
  const { settings, lamport } = runtime;
  if (!settings.workerEnableRemoteControl) return null;
  try {
    const mailbox = await openMailbox({ broker, settings, lamport, logger, hostname, carryOut: (request) => carryOut(desk, request) });
    const mingling = mingles ? createMingling({ control: { ...(await partsOf(runtime)), logger }, hostname, revoked, revoker }) : null;
    return {
      async catchUp() {
        const asked = mingling?.ask();
        // Whoever shares a memory answers before anything is taken.
        if (!isMemoryUrl(settings.brokerUrl)) await asked;
      },
      async close() {
        await mingling?.close();
        await mailbox.close();
      },
    };
  } catch (error) {
    logger.warn("this worker takes no remote control: the broker refused its mailbox", { reason: reasonOf(error) });
    return null;
  }
}
