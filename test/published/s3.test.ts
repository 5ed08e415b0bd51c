/** S3 in tasks of a DAG, with the SDK that users install beside our packages, against a server that says what it was asked. */
import { execFile } from "node:child_process";
import { existsSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, inject, it, onTestFinished } from "vitest";
import { packedPackages } from "../support/packed.ts";
import { typeErrors } from "../support/type-project.ts";

const packed = packedPackages(inject("packedPath"));
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** As `npm install @aws-sdk/client-s3` would put it beside ours. */
function installSdk(): void {
  const place = join(packed.path, "node_modules/@aws-sdk");
  if (!existsSync(place)) symlinkSync(at("node_modules/@aws-sdk"), place);
}

const program = `
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { createApp } from "celeriac";
import { dag, type Handle, hook, type S3Object, s3Object } from "celeriac/dag";

const etl = dag(createApp("shop", { broker: "memory://" }), "etl", {}, (d) => {
  const found: Handle<S3Object> = d.sensor("found", { mode: "defer" }, s3Object("store", "orders", (run) => \`\${run.logicalDate.getTime()}/a b.csv\`));
  d.task("read", async (run, { bucket, key }: S3Object) => {
    const s3 = await hook("s3", "store");
    const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const type: string | undefined = ContentType;
    // @ts-expect-error it gives no such thing
    void (() => Body?.transformToNothing());
    const text: string | undefined = await Body?.transformToString();
    return run.fail(\`\${type} \${text}\`);
  })(found);
  d.sensor("refused", {}, s3Object("store", "secret", "x"));
  d.sensor("never", { timeout: 0 }, s3Object("store", "orders", "none"));
});
const { instances } = await etl.test({ logicalDate: new Date(0) });
console.log(JSON.stringify(instances.map(({ taskId, state, reason }) => [taskId, state, reason])));
`;

it("asks with the SDK's client, signed, and waits for what is not there", async () => {
  installSdk();
  const asked: string[] = [];
  let looks = 0;
  const server = createServer(({ method, url, headers }, response) => {
    const signed = /Credential=(\w+)\/\d+\/(\S+?),/.exec(headers.authorization ?? "");
    asked.push(`${method} ${url} ${signed?.[1]} ${signed?.[2]}`);
    const status = url!.startsWith("/secret/") ? 403 : url!.startsWith("/orders/none") || ++looks < 3 ? 404 : 200;
    response.writeHead(status, { "content-type": "text/csv", "content-length": status === 200 ? 4 : 0 });
    response.end(method === "GET" && status === 200 ? "1,2\n" : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const extra = { endpoint_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, region_name: "eu-north-1" };
  const connection = { conn_type: "aws", login: "AKIDEXAMPLE", password: "wJalrXUtnFEMI", extra };
  const cwd = packed.project("s3", { "s3.ts": program });
  const env = { ...process.env, AIRFLOW_CONN_STORE: JSON.stringify(connection) };
  const tsx = at("../../node_modules/tsx/dist/cli.mjs");
  const { stdout } = await promisify(execFile)(process.execPath, [tsx, "s3.ts"], { cwd, env });
  expect(JSON.parse(stdout.trim().split("\n").at(-1)!)).toEqual([
    ["found", "success", null],
    ["refused", "failed", "HEAD s3://secret/x was answered 403"],
    ["never", "failed", expect.stringContaining("timeout")],
    ["read", "failed", "text/csv 1,2\n"],
  ]);
  const object = "/orders/0/a%20b.csv";
  const by = "AKIDEXAMPLE eu-north-1/s3/aws4_request";
  expect(asked.filter((line) => line.includes(object))).toEqual([
    ...[1, 2, 3].map(() => `HEAD ${object} ${by}`),
    `GET ${object}?x-id=GetObject ${by}`,
  ]);
});

it.each(["node_modules/typescript-5.9", "../../node_modules/typescript"])("is typed by the SDK's commands, for %s", (compiler) => {
  installSdk();
  const compilerOptions = { target: "es2022", module: "nodenext", strict: true, noEmit: true, skipLibCheck: true, types: ["node"] };
  const cwd = packed.project("s3-types", {
    "s3.ts": program,
    "tsconfig.json": JSON.stringify({ compilerOptions, files: ["s3.ts"] }),
  });
  expect(typeErrors(at(compiler), cwd)).toBe("");
});
