/** How an executor that is a process or a thread of its own gets what it runs: it loads the module it was told. */
import { loadModule } from "@celeriac/core/runtime";
import type { ExecutorInit, OpenExecute, OpenedExecute } from "./executor-init.ts";

export async function loadExecute({ executeModule, executeExport, source, worker, logLevel }: ExecutorInit): Promise<OpenedExecute> {
  const module = await loadModule(new URL(executeModule));
  const open = module[executeExport] as OpenExecute;
  return await open(source, { worker, logLevel });
}
