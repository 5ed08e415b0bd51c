/** The task's side of the coordinator protocol within this process: the same connections and frames, but nothing to start and nothing to kill. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { connectTo } from "../../../packages/airflow-bridge/src/airflow/child/connect.ts";
import { openLogChannel } from "../../../packages/airflow-bridge/src/airflow/child/log-channel.ts";
import { runTask } from "../../../packages/airflow-bridge/src/airflow/child/run-task.ts";
import { SupervisorChannel } from "../../../packages/airflow-bridge/src/airflow/child/supervisor-channel.ts";
import { encodeFrame, FrameReader } from "../../../packages/airflow-bridge/src/airflow/coordinator/frames.ts";
import { cutLines } from "../../../packages/airflow-bridge/src/airflow/coordinator/lines.ts";
import type { ChildListener, TaskChild } from "../../../packages/airflow-bridge/src/airflow/coordinator/start-child.ts";
import { systemClock } from "../../../packages/core/src/runtime.ts";

export async function startNearChild(listener: ChildListener): Promise<TaskChild> {
  const [comm, logs] = [await connection(), await connection()];
  const reader = new FrameReader((frame) => listener.frame(frame));
  const lines = cutLines((line) => listener.record(line));
  comm.near.on("data", (chunk: Buffer) => reader.add(chunk));
  logs.near.on("data", (chunk: Buffer) => lines.add(chunk));
  const ending = new AbortController();
  const over = (code: number | null, how: string) => {
    comm.near.destroy();
    listener.exited({ code, how });
  };
  void work(comm.far, logs.far, ending.signal).then(
    async () => {
      if (!logs.near.closed) await once(logs.near, "close");
      over(0, "exit code 0");
    },
    () => over(null, "signal SIGKILL"),
  );
  return {
    pid: process.pid,
    send: (frame) => void (comm.near.writable && comm.near.write(encodeFrame(frame))),
    terminate: () => ending.abort(new Error("The task is to end: its process got SIGTERM")),
    kill: () => comm.near.destroy(),
  };
}

async function work(comm: Socket, logs: Socket, signal: AbortSignal): Promise<void> {
  const channel = new SupervisorChannel(comm);
  const log = openLogChannel(logs, "INFO", systemClock);
  const load = async () => void (await import("../../programs/airflow/tasks.ts"));
  await channel.ask(await runTask(await channel.startup(), { channel, log, clock: systemClock, load, signal }));
  await log.close();
}

async function connection(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const far = await connectTo(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [near] = (await accepted) as [Socket];
  server.close();
  return { near, far };
}
