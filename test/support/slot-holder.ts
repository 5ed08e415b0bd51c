/** Starts a process that holds a slot. */
import { fileURLToPath } from "node:url";
import type { SlotTiming } from "../../packages/core/src/coordinators/held-slots.ts";
import { sourceArguments } from "./celeriac-command.ts";
import { type PrivateProcess, startPrivateProcess } from "./private-process.ts";

/** One of `limit` slots under `key` of the coordinator at `url`. */
export interface SlotHold {
  readonly url: string;
  readonly key: string;
  readonly limit: number;
  /** where its server has to hear of it; as in earnest unless told */
  readonly timing?: SlotTiming;
}

const program = fileURLToPath(new URL("./slot-program.ts", import.meta.url));

/** Resolves when it holds the slot. */
export async function startSlotHolder(wanted: SlotHold): Promise<PrivateProcess> {
  const args = [...sourceArguments, program, JSON.stringify(wanted)];
  const holder = startPrivateProcess({ command: process.execPath, args, cwd: process.cwd() });
  try {
    await holder.wrote(/^held$/m, 30_000);
    return holder;
  } catch (error) {
    await holder.stop({ signal: "SIGKILL" });
    throw error;
  }
}
