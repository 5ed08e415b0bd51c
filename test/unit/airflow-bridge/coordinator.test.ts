import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { encodeFrame, type Frame, FrameReader } from "../../../packages/airflow-bridge/src/airflow/coordinator/frames.ts";
import { startChild } from "../../../packages/airflow-bridge/src/airflow/coordinator/start-child.ts";
import { systemClock } from "../../../packages/core/src/runtime.ts";
import { runId } from "../../support/airflow/execution-api.ts";
import { openStage } from "../../support/airflow/typescript-try.ts";

const limits = { startMs: 10_000, escalateMs: 300 };
const silent = { frame() {}, record() {}, printed() {}, exited() {} };
const node = (code: string) => ({ command: process.execPath, args: ["-e", code, "--"], env: {} });

describe("the coordinator protocol", () => {
  test("is spoken with a process in Python, integers as integers", async () => {
    await using stage = await openStage();
    const { api } = stage;
    api.variables.set("greeting", "hello");
    api.xcoms.set(`report/${runId}/before/return_value[-1]`, '{"epoch":1772755200250,"big":18446744073709551615,"part":0.5}');
    const script = fileURLToPath(new URL("../../support/airflow/coordinated-child.py", import.meta.url));
    const command = { command: "python3", args: [script], env: { PATH: process.env["PATH"] } };
    const outcome = await stage.run("python", { startChild: (listener) => startChild(command, listener, limits, systemClock) });
    expect({ outcome, state: api.state, problems: api.problems }).toEqual({ outcome: { kind: "success" }, state: "success", problems: [] });
    expect(api.xcoms.get(`report/${runId}/python/return_value[-1]`)).toBe(
      `{"variable":"hello","missing":"VARIABLE_NOT_FOUND","unknown":"API_SERVER_ERROR","pulled":{"epoch":1772755200250,"big":18446744073709551615,"part":0.5},"is_int":"int","conf":{"rows":3},"bundle":"dags-folder"}`,
    );
    expect(await stage.log()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ level: "info", event: "printed in Python", logger: "task.stdout" }),
        expect.objectContaining({ level: "warning", event: "logged in Python", logger: "py", timestamp: "2026-01-02T03:04:05Z" }),
      ]),
    );
  });

  test("puts frames together that come in pieces, with integers of any size", () => {
    const value = {
      small: 1,
      beyond32: 2 ** 40,
      exact: 2n ** 53n,
      max: 2n ** 63n,
      huge: -(10n ** 40n),
      part: 1.5,
      text: "ü",
      list: [null, true],
    };
    const frames: Frame[] = [];
    const reader = new FrameReader((frame) => frames.push(frame));
    const bytes = Buffer.concat([1, 2].map((id) => encodeFrame({ id, body: { type: "SetXCom", value }, error: null })));
    for (const byte of bytes) reader.add(Buffer.from([byte]));
    reader.add(bytes);
    expect(frames.map(({ id }) => id)).toEqual([1, 2, 1, 2]);
    expect(frames[0]!.body!["value"]).toEqual(value);
    expect(() => reader.add(Buffer.from([0xff, 0xff, 0xff, 0xff]))).toThrow(RangeError);
    expect(() => new FrameReader(() => {}).add(Buffer.from([0, 0, 0, 1, 0x05]))).toThrow("no [id, body]");
  });

  test("is not spoken with a process that ends before it connects, or cannot be started", async () => {
    const starting = startChild(node("process.exit(7)"), silent, limits, systemClock);
    await expect(starting).rejects.toMatchObject({ code: "AIRFLOW_LAUNCHER", message: expect.stringContaining("exit code 7") });
    const command = { command: "/nowhere/node", args: [], env: {} };
    await expect(startChild(command, silent, limits, systemClock)).rejects.toMatchObject({ message: expect.stringContaining("ENOENT") });
  });

  test("is not spoken with a process that takes too long to connect", async () => {
    const starting = startChild(node("setInterval(() => {}, 1000)"), silent, { ...limits, startMs: 50 }, systemClock);
    await expect(starting).rejects.toThrow("did not connect within 50 ms");
  });

  test.runIf(process.platform === "linux")("is spoken only with the process that was started", async () => {
    // It tells its ports to this process, which connects in its place.
    let tell: (words: readonly string[]) => void = () => {};
    const told = new Promise<readonly string[]>((resolve) => {
      tell = resolve;
    });
    const code = "console.log(process.pid, ...process.argv.slice(1).map((each) => each.split(':')[1])); setInterval(() => {}, 1000)";
    const printed = (_stream: string, line: string) => tell(line.split(" "));
    const starting = startChild(node(code), { ...silent, printed }, limits, systemClock);
    const [pid, port] = await told;
    const stranger = connect(Number(port), "127.0.0.1");
    await once(stranger.resume(), "close");
    process.kill(Number(pid));
    await expect(starting).rejects.toThrow("ended before it connected (signal SIGTERM)");
  });
});
