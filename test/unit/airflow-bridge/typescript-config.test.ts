import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { readAirflowConfig } from "../../../packages/airflow-bridge/src/airflow/config.ts";
import { typeScriptConfigOf } from "../../../packages/airflow-bridge/src/airflow/typescript-config.ts";

const of = (environment: Readonly<Record<string, string>>) => {
  const variables = { AIRFLOW_HOME: "/nowhere", ...environment };
  return typeScriptConfigOf(readAirflowConfig(variables), variables, "/logs");
};

describe("what a configuration means for tasks in TypeScript", () => {
  test("is Airflow's own where nothing is set", () => {
    expect(of({})).toEqual({
      supervisor: {
        api: { url: "http://localhost:8080/execution/", timeoutMs: 5_000, attempts: 5, retryMinMs: 1_000, retryMaxMs: 90_000 },
        heartbeat: { intervalMs: 5_000, maxFailed: 3 },
        ...{ overtimeMs: 20_000, logFolder: "/logs", hostname: hostname() },
      },
      child: { startMs: 10_000, escalateMs: 5_000 },
      env: { AIRFLOW_HOME: "/nowhere", AIRFLOW__LOGGING__LOGGING_LEVEL: "INFO" },
    });
  });

  test("is what was set, seconds with parts of them", () => {
    const { supervisor } = of({
      AIRFLOW__CORE__EXECUTION_API_SERVER_URL: "https://airflow/execution/",
      AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MIN: "0.5",
      AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL: "1",
      AIRFLOW__CORE__HOSTNAME_CALLABLE: "airflow.utils.net.get_host_ip_address",
    });
    expect(supervisor.api).toMatchObject({ url: "https://airflow/execution/", retryMinMs: 500 });
    expect(supervisor.heartbeat.intervalMs).toBe(1_000);
    expect(supervisor.hostname).toMatch(/^\d+(\.\d+){3}$|^[\w.-]+$/);
    expect(of({ AIRFLOW__API__BASE_URL: "http://af:8080/team/" }).supervisor.api.url).toBe("http://af:8080/team/execution/");
  });

  test("is refused where it cannot be read", () => {
    expect(() => of({ AIRFLOW__CORE__EXECUTION_API_SERVER_URL: "airflow:8080" })).toThrow(
      "[core] execution_api_server_url: expected an address",
    );
    expect(() => of({ AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT: "soon" })).toThrow("[workers] execution_api_timeout: expected seconds");
  });
});
