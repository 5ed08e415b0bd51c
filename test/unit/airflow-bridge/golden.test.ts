/** What real schedulers wrote, through everything that reads it here. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readWorkload } from "../../../packages/airflow-bridge/src/airflow/messages.ts";
import { airflowTasks } from "../../../packages/airflow-bridge/src/airflow/names.ts";
import { hideTokens } from "../../../packages/airflow-bridge/src/airflow/redaction.ts";
import { decodeEnvelope } from "../../../packages/core/src/brokers/redis/envelope-json.ts";
import { decodeBody } from "../../../packages/core/src/message.ts";
import { readTaskHeaders } from "../../../packages/core/src/task-headers.ts";

interface Capture {
  /** dag.task, with [index] of one that is mapped */
  readonly name: string;
  readonly airflow: string;
  readonly raw: string;
  /** as Python decodes them */
  readonly args: readonly unknown[];
}

const captures = ["messages-2", "messages-3"].flatMap(
  (file) => JSON.parse(readFileSync(new URL(`../../golden/airflow/${file}.json`, import.meta.url), "utf8")) as readonly Capture[],
);

it.each(captures)("reads $name of Airflow $airflow as it was sent", ({ name, raw, args: [argument] }) => {
  const { envelope } = decodeEnvelope(raw);
  const { task, argsRepr } = readTaskHeaders(envelope);
  const run = { ...envelope, contentType: envelope.properties.contentType };
  const body = decodeBody(run, { accept: ["json"], maxBytes: 1_000_000 });
  const workload = readWorkload(airflowTasks[task]!, body.args[0]);
  expect(workload.kind === "command" ? workload.command : workload.text).toEqual(argument);
  const instance = workload.kind === "command" ? workload : workload.instance!;
  const index = instance.mapIndex === null ? "" : `[${instance.mapIndex}]`;
  expect(`${instance.dagId}.${instance.taskId}${index}`).toBe(name);
  const shown = hideTokens(argsRepr);
  expect(shown).toContain(instance.dagId);
  expect(shown).not.toContain("eyJ");
  // Nothing else is taken out of it.
  const token = workload.kind === "command" ? "" : (JSON.parse(workload.text) as { readonly token: string }).token;
  expect(shown.replace("********", token)).toBe(argsRepr);
});
