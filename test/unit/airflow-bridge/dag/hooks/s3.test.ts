/** What can be said of S3 without the SDK; with it, see test/published/s3.test.ts. */
import { createApp } from "@celeriac/core";
import { afterEach, expect, it, vi } from "vitest";
import { connectionOf } from "../../../../../packages/airflow-bridge/src/dag/connections/connection.ts";
import { dag } from "../../../../../packages/airflow-bridge/src/dag/definition/dag.ts";
import { s3OptionsOf } from "../../../../../packages/airflow-bridge/src/dag/hooks/s3.ts";
import { s3Object } from "../../../../../packages/airflow-bridge/src/dag/pokes/s3-object.ts";

afterEach(() => vi.unstubAllEnvs());

it.each([
  [{}, {}],
  [{ login: "a" }, {}],
  [
    { login: "a", password: "b", extra: { region_name: "eu-north-1" } },
    { credentials: { accessKeyId: "a", secretAccessKey: "b" }, region: "eu-north-1" },
  ],
  [
    { extra: { aws_access_key_id: "a", aws_secret_access_key: "b", aws_session_token: "c", profile_name: "p" } },
    { credentials: { accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" }, profile: "p" },
  ],
  [{ extra: { endpoint_url: "http://minio:9000" } }, { endpoint: "http://minio:9000", forcePathStyle: true, region: "us-east-1" }],
])("reads the connection %j as options of its client", (fields, options) => {
  expect(s3OptionsOf(connectionOf("store", fields))).toEqual(options);
});

it("says what to install", async () => {
  vi.stubEnv("AIRFLOW_CONN_STORE", "aws://");
  const etl = dag(createApp("shop", { broker: "memory://" }), "etl", {}, (d) => {
    d.sensor("s", {}, s3Object("store", "orders", "a"));
  });
  expect((await etl.test()).instances[0]?.reason).toContain("npm install @aws-sdk/client-s3");
});

it("is refused without a connection, a bucket or a key", () => {
  for (const words of [
    ["", "b", "k"],
    ["c", "", "k"],
    ["c", "b", 1],
  ])
    expect(() => s3Object(...(words as [string, string, string]))).toThrow(expect.objectContaining({ code: "DAG_DEFINITION" }));
});
