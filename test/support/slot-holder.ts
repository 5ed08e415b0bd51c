/** Starts a process that holds a slot. */
import type { SlotHold } from "../programs/slot-holder.ts";
import { programPath } from "./built.ts";
import { type PrivateProcess, startPrivateProcess } from "./private-process.ts";

/** Resolves when it holds the slot. */
export async function startSlotHolder(wanted: SlotHold): Promise<PrivateProcess> {
  const args = [programPath("slot-holder"), JSON.stringify(wanted)];
  const holder = startPrivateProcess({ command: process.execPath, args, cwd: process.cwd() });
  try {
    await holder.wrote(/^held$/m, 30_000);
    return holder;
  } catch (error) {
    await holder.stop({ signal: "SIGKILL" });
    throw error;
  }
}
