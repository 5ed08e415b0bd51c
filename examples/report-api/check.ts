/** `npm run check`: starts the example, orders a report, fetches it, and ends everything. Ends with 1 when anything is not as it should be. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { header } from "./report.ts";

const script = fileURLToPath(new URL("start.ts", import.meta.url));
const example = spawn(process.execPath, [...process.execArgv, script], {
  stdio: ["ignore", "pipe", "inherit"],
  env: { ...process.env, PORT: "0" },
});
const ended = once(example, "exit");

try {
  const url = await firstUrl();
  const order = await fetch(`${url}/reports`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"year": 2013}' });
  assert.equal(order.status, 202);
  const { status, file } = (await order.json()) as { status: string; file: string };
  await untilState(status, "SUCCESS");
  const csv = await (await fetch(file)).text();
  assert.deepEqual([csv.split("\n")[0], csv.trim().split("\n").length], [header, 13]);
} finally {
  example.kill("SIGTERM");
}
assert.deepEqual(await ended, [0, null]);
console.log("The example works.");

function firstUrl(): Promise<string> {
  let text = "";
  return new Promise((found, failed) => {
    example.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const url = /Reports\s+(http:\S+)/.exec(text)?.[1];
      if (url !== undefined && text.includes("Ctrl-C")) found(url);
    });
    example.once("exit", () => failed(new Error(`The example ended early:\n${text}`)));
  });
}

async function untilState(status: string, wanted: string): Promise<void> {
  for (let state = ""; state !== wanted; ) {
    ({ state } = (await (await fetch(status)).json()) as { state: string });
    assert.notEqual(state, "FAILURE");
    await setTimeout(20);
  }
}
