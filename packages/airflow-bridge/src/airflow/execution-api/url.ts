/** Where the Task Execution API is, as Airflow's own workers find it: for those who call it, and for the doctor. */
import type { AirflowConfig } from "../config.ts";

/** As it is written: whoever calls it looks whether it is an address. Throws AIRFLOW_CONFIG as `text` does. */
export function executionApiUrl(config: AirflowConfig): string {
  const given = config.text("core", "execution_api_server_url");
  if (given !== null) return given;
  const base = config.text("api", "base_url") ?? "http://localhost:8080";
  return `${base.replace(/\/+$/, "")}/execution/`;
}
