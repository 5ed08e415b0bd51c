/** What Airflow's configuration means for tasks in TypeScript: the values that Airflow's own supervisor of a task reads. */
import { hostname, networkInterfaces } from "node:os";
import { ConfigError } from "@celeriac/core/runtime";
import type { AirflowConfig, Environment } from "./config.ts";
import { executionApiUrl } from "./execution-api/url.ts";
import type { TypeScriptLauncherOptions } from "./launchers/typescript.ts";

export type TypeScriptConfig = Pick<TypeScriptLauncherOptions, "supervisor" | "child" | "env">;

/** `logFolder`: where the worker's log server looks. Throws AIRFLOW_CONFIG. */
export function typeScriptConfigOf(config: AirflowConfig, environment: Environment, logFolder: string): TypeScriptConfig {
  const workers = (key: string, fallback: number) => millisecondsOf(config, "workers", key, fallback);
  return {
    supervisor: {
      api: {
        url: apiUrlOf(config),
        timeoutMs: workers("execution_api_timeout", 5),
        attempts: Math.max(1, config.whole("workers", "execution_api_retries", 5)),
        retryMinMs: workers("execution_api_retry_wait_min", 1),
        retryMaxMs: workers("execution_api_retry_wait_max", 90),
      },
      heartbeat: {
        intervalMs: workers("min_heartbeat_interval", 5),
        maxFailed: Math.max(1, config.whole("workers", "max_failed_heartbeats", 3)),
      },
      overtimeMs: millisecondsOf(config, "core", "task_success_overtime", 20),
      logFolder,
      hostname: hostnameOf(config.text("core", "hostname_callable")),
    },
    // Both are fixed in Airflow.
    child: { startMs: 10_000, escalateMs: 5_000 },
    env: { ...environment, AIRFLOW__LOGGING__LOGGING_LEVEL: config.text("logging", "logging_level") ?? "INFO" },
  };
}

function apiUrlOf(config: AirflowConfig): string {
  const url = executionApiUrl(config);
  if (/^https?:\/\/[^/]/i.test(url) && URL.canParse(url)) return url;
  const name = config.text("core", "execution_api_server_url") === null ? "[api] base_url" : "[core] execution_api_server_url";
  throw new ConfigError(
    "AIRFLOW_CONFIG",
    `${name}: expected an address such as http://airflow:8080/execution/, got ${JSON.stringify(url)}`,
  );
}

/** Airflow's callables are Python; of those that come with it one names the address instead of the name. */
function hostnameOf(callable: string | null): string {
  if (callable === null || !callable.endsWith("get_host_ip_address")) return hostname();
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? hostname();
}

function millisecondsOf(config: AirflowConfig, section: string, key: string, fallback: number): number {
  const written = config.text(section, key);
  if (written === null) return fallback * 1_000;
  const seconds = Number(written);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  throw new ConfigError("AIRFLOW_CONFIG", `[${section}] ${key}: expected seconds, got ${JSON.stringify(written)}`);
}
