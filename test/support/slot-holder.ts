/** Starts a process that holds a slot. */
import { fileURLToPath } from "node:url";
import { sourceArguments } from "./celeriac-command.ts";
import { type PrivateProcess, startPrivateProcess } from "./private-process.ts";

const program = fileURLToPath(new URL("./slot-program.ts", import.meta.url));

/** Resolves when it holds one of `limit` slots under `key`. */
export async function startSlotHolder(url: string, key: string, limit: number): Promise<PrivateProcess> {
  const args = [...sourceArguments, program, url, key, String(limit)];
  const holder = startPrivateProcess({ command: process.execPath, args, cwd: process.cwd() });
  try {
    await holder.wrote(/^held$/m, 30_000);
    return holder;
  } catch (error) {
    await holder.stop({ signal: "SIGKILL" });
    throw error;
  }
}
