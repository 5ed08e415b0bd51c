/** The files of deploy/ fit the worker they start. */
import { readFileSync } from "node:fs";
import { durationMs } from "@celeriac/core/runtime";
import { workerOptionTable } from "@celeriac/worker";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { readCommandLine } from "../../../packages/cli/src/command-line.ts";

const text = (name: string) => readFileSync(new URL(`../../../deploy/${name}`, import.meta.url), "utf8");
/** After the grace it settles what has ended, hands back the rest, and closes. */
const tidyingUpSeconds = 8;
const neededSeconds = durationMs(workerOptionTable.grace.default!) / 1_000 + tidyingUpSeconds;
const served = ["/livez", "/readyz", "/startz", "/metrics"];

const takes = (words: readonly string[]) => expect(readCommandLine(words, {})).toMatchObject({ kind: "run", command: "worker" });

it("asks for the probes that a worker serves, and leaves it the time to stop", () => {
  const { spec, metadata } = parse(text("kubernetes.yaml")).spec.template;
  const [container] = spec.containers;
  takes(container.args);
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(neededSeconds);
  expect(container.startupProbe.httpGet.path).toBe("/startz");
  expect(container.readinessProbe.httpGet.path).toBe("/readyz");
  expect(container.livenessProbe.httpGet.path).toBe("/livez");
  expect(served).toContain(metadata.annotations["prometheus.io/path"]);
  expect(container.args).toContain(`:${container.ports[0].containerPort}`);
  expect(metadata.annotations["prometheus.io/port"]).toBe(String(container.ports[0].containerPort));
  expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
  expect(spec.securityContext.runAsNonRoot).toBe(true);
});

it("composes a worker with a Redis that keeps tasks and evicts none", () => {
  const { redis, worker } = parse(text("compose.yaml")).services;
  expect(redis.command.join(" ")).toBe("redis-server --appendonly yes --maxmemory-policy noeviction");
  expect(durationMs(worker.stop_grace_period) / 1_000).toBeGreaterThanOrEqual(neededSeconds);
  expect(worker.read_only).toBe(true);
  expect(worker.healthcheck.test.join(" ")).toContain("/livez");
});

it("starts celeriac itself in the image, as a user without rights", () => {
  const lines = text("Dockerfile").split("\n");
  const words = (name: string) => JSON.parse(lines.findLast((line) => line.startsWith(`${name} `))!.slice(name.length));
  const entry: string[] = words("ENTRYPOINT");
  expect(entry.at(-1)).toBe("celeriac");
  takes(words("CMD"));
  expect(lines).toContain("USER 65534:65534");
  expect(lines.some((line) => /\bnpx\b/.test(line) && !line.startsWith("#"))).toBe(false);
});

it("is kept by systemd with a command line that it takes, and the time to stop", () => {
  const unit = text("celeriac-worker.service");
  takes(/^ExecStart=\S+ (.*)$/m.exec(unit)![1]!.split(" "));
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)![1])).toBeGreaterThanOrEqual(neededSeconds);
  expect(unit).toMatch(/^KillMode=mixed$/m);
});

it("composes Airflow as its own guide does, with our worker and monitor in the place of two of its services", () => {
  const { services } = parse(text("airflow/compose.yaml"), { merge: true });
  const ours = Object.entries<{ readonly image: string }>(services).filter(([, { image }]) => image === "airflow-with-celeriac");
  expect(ours.map(([name]) => name)).toEqual(["airflow-worker", "flower"]);
  const { "airflow-worker": worker, flower, redis, "airflow-apiserver": apiServer } = services;
  expect(readCommandLine(worker.command, {})).toMatchObject({ kind: "run", command: "airflow worker" });
  expect(readCommandLine(flower.command, {})).toMatchObject({ kind: "run", command: "flower" });
  expect(served).toContain(new URL(worker.healthcheck.test.at(-1)).pathname);
  // What signs the tokens of tasks and of requests for logs is the same everywhere, and so is where results lie.
  for (const name of ["AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CELERY__RESULT_BACKEND"])
    expect(worker.environment[name]).toBe(apiServer.environment[name]);
  expect(redis.command.join(" ")).toBe("redis-server --appendonly yes --maxmemory-policy noeviction");
  // Tasks are waited for, however long they take.
  expect(durationMs(worker.stop_grace_period)).toBeGreaterThanOrEqual(3_600_000);
  for (const { entrypoint } of [worker, flower]) expect(entrypoint.at(-1)).toBe("celeriac");
});
