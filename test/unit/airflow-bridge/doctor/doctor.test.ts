/** The doctor, where all is well and where one thing is not. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAirflowConfig } from "../../../../packages/airflow-bridge/src/airflow/config.ts";
import { askAirflow, askDatabase, askExecutionApi } from "../../../../packages/airflow-bridge/src/airflow/doctor/airflow-checks.ts";
import { examine } from "../../../../packages/airflow-bridge/src/airflow/doctor/doctor.ts";
import type { Finding } from "../../../../packages/airflow-bridge/src/airflow/doctor/finding.ts";
import { checkHostname } from "../../../../packages/airflow-bridge/src/airflow/doctor/log-checks.ts";
import { workerConfigOf } from "../../../../packages/airflow-bridge/src/airflow/worker-config.ts";
import { systemClock } from "../../../../packages/core/src/clock.ts";
import { debianPython } from "../../../support/install.ts";
import { temporaryDirectory } from "../../../support/private-process.ts";

const folder = temporaryDirectory("doctor");
const bin = join(folder.path, "bin");
const ownAddress = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ internal }) => !internal)?.address;

let aheadMs = 0;
const api = createServer((request, response) => {
  response.setHeader("date", new Date(systemClock.now() + aheadMs).toUTCString());
  response.end(request.url === "/execution/health" ? '{"status":"healthy"}' : "<html>");
});

beforeAll(async () => {
  mkdirSync(bin);
  // `airflow db check` of Airflow 2.
  const text = `#!${debianPython}\nimport os, sys\nsys.exit(os.environ.get("STUB_DATABASE"))\n`;
  writeFileSync(join(bin, "airflow"), text);
  chmodSync(join(bin, "airflow"), 0o755);
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await new Promise((resolve) => api.close(resolve));
  folder.remove();
});

function well(version = "3.3.2"): Record<string, string> {
  return {
    PATH: [bin, process.env["PATH"]].join(delimiter),
    PYTHONPATH: fileURLToPath(new URL("../../../support/airflow-stub", import.meta.url)),
    PYTHONDONTWRITEBYTECODE: "1",
    ...{ STUB_AIRFLOW: version, STUB_HOSTNAME: ownAddress ?? "127.0.0.1", AIRFLOW_HOME: folder.path },
    AIRFLOW__CELERY__BROKER_URL: `sqlite://${join(folder.path, "broker.db")}`,
    AIRFLOW__CELERY__RESULT_BACKEND: `db+sqlite:///${join(folder.path, "results.db")}`,
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}/execution/`,
    ...{ AIRFLOW__API__SECRET_KEY: "s3", AIRFLOW__WEBSERVER__SECRET_KEY: "s2", AIRFLOW__CORE__FERNET_KEY: "f" },
  };
}

async function found(environment: Record<string, string | undefined>): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of examine({ environment, clock: systemClock })) findings.push(finding);
  return findings;
}
const allButHostname = (findings: readonly Finding[]) => findings.filter(({ what }) => what !== "hostname");

describe("the doctor", () => {
  it.each([
    ["3.3.2", "execution API"],
    ["2.11.2", "database"],
  ])("finds all that a worker needs for Airflow %s", async (version, where) => {
    const findings = await found(well(version));
    expect(findings.map(({ what }) => what)).toEqual([
      ...["configuration", "broker", "result backend", "airflow", where, "secret keys", "logs", "hostname"],
    ]);
    expect(allButHostname(findings).map(({ verdict }) => verdict)).toEqual(Array(7).fill("good"));
    expect(findings[3]!.text).toContain(`Airflow ${version}`);
  });

  it("finds all that is wrong at once, and tells no secret of it", async () => {
    const findings = await found({
      ...well(),
      AIRFLOW__CELERY__BROKER_URL: "redis://:secret@127.0.0.1:1/0",
      AIRFLOW__CELERY__RESULT_BACKEND: "redis://127.0.0.1:1/1",
      PATH: "/nowhere",
      AIRFLOW__CORE__EXECUTION_API_SERVER_URL: "http://127.0.0.1:1/execution/",
      AIRFLOW__API__SECRET_KEY: "",
      AIRFLOW__LOGGING__BASE_LOG_FOLDER: "/dev/null/logs",
    });
    expect(findings.map(({ what, verdict, text }) => [what, verdict, text])).toEqual([
      ["configuration", "good", expect.anything()],
      ["broker", "bad", expect.stringMatching(/redis:\/\/:\*+@127\.0\.0\.1:1\/0: .*ECONNREFUSED/)],
      ["result backend", "bad", expect.stringContaining("ECONNREFUSED")],
      ["airflow", "bad", expect.stringContaining("no command `airflow`")],
      ["execution API", "bad", expect.stringContaining("does not answer")],
      ["secret keys", "doubtful", "not set: [api] secret_key"],
      ["logs", "bad", expect.stringContaining("ENOTDIR")],
    ]);
    for (const { verdict, remedy } of findings) expect(remedy === null).toBe(verdict === "good");
  });

  it("says in Airflow's last words why it, or its database, does not work", async () => {
    const missing = await askAirflow({ ...well(), PYTHONPATH: "" });
    expect(missing).toMatchObject({ finding: { verdict: "bad", text: "ModuleNotFoundError: No module named 'airflow'" }, airflow: null });
    const { airflow } = await askAirflow({ ...well("2.11.2"), STUB_DATABASE: "no such database" });
    expect(await askDatabase(airflow!)).toMatchObject({ verdict: "bad", text: "no such database" });
  });

  it("compares clocks with the API's, and knows another server from it", async () => {
    aheadMs = 60_000;
    const skewed = await askExecutionApi(readAirflowConfig(well()), systemClock);
    expect(skewed).toMatchObject({ verdict: "doubtful", text: expect.stringMatching(/differs by (59|60|61) s/) });
    aheadMs = 0;
    const elsewhere = { AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}/` };
    const other = await askExecutionApi(readAirflowConfig({ ...well(), ...elsewhere }), systemClock);
    expect(other).toMatchObject({ verdict: "bad", text: expect.stringContaining("not as Airflow's API does") });
  });

  it.each([
    ["127.0.0.1", /no address of this machine that others reach/],
    ["nowhere.invalid", /not known here/],
  ])("doubts that logs are found where the machine is called %s", async (hostname, text) => {
    const finding = await checkHostname(hostname, workerConfigOf(readAirflowConfig(well())));
    expect(finding).toMatchObject({ verdict: "doubtful", text: expect.stringMatching(text) });
    expect(finding.remedy).toContain(`http://${hostname}:8793/log/`);
  });

  it("asks nothing else where the configuration cannot be read", async () => {
    const findings = await found({ ...well(), AIRFLOW__CELERY__WORKER_CONCURRENCY: "many" });
    expect(findings).toEqual([expect.objectContaining({ what: "configuration", verdict: "bad" })]);
    expect(findings[0]!.text).toContain("worker_concurrency");
  });
});
