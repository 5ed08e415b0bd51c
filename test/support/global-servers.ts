/** Vitest's global setup of the projects that use servers: opens one desk per run, whichever of them ask, and closes it after the last. */
import type { TestProject } from "vitest/node";
import { openServerDesk, type ServerDesk } from "./server-desk.ts";

declare module "vitest" {
  export interface ProvidedContext {
    serverDeskUrl: string;
  }
}

// Each project loads this file anew, so what they share hangs on the process.
const key = Symbol.for("celeriac.test.serverDesk");
const shared = globalThis as { [key]?: { desk: Promise<ServerDesk>; users: number } };

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared[key] ??= { desk: openServerDesk(), users: 0 };
  const opened = shared[key];
  opened.users++;
  project.provide("serverDeskUrl", (await opened.desk).url);
  return async () => {
    if (--opened.users > 0) return;
    delete shared[key];
    await (await opened.desk).close();
  };
}
