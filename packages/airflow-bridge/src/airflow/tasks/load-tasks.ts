/** Loads a user's modules, which register their tasks meanwhile. */
import { CeleriacError, loadModule, reasonOf } from "@celeriac/core/runtime";

/** `modules`: URLs of files. Throws AIRFLOW_TASKS. */
export async function loadTasks(modules: readonly string[]): Promise<void> {
  for (const module of modules) {
    try {
      await loadModule(new URL(module));
    } catch (cause) {
      throw new CeleriacError("AIRFLOW_TASKS", `${module} cannot be loaded: ${reasonOf(cause)}`, { cause });
    }
  }
}
