/** Starts a pool's children, lets them compute for ever, prints their pids and waits to be killed: `<kernel|watch> <a Run as JSON, its body as text>`. */
import { type Run, systemClock } from "@celeriac/core/runtime";
import { internal } from "./internal.ts";

type ExecutorLink = import("../../packages/worker/src/pools/executor-link.ts").ExecutorLink;
type FrameWriter = import("../../packages/worker/src/pools/frames.ts").FrameWriter;
type ParentTie = import("../../packages/worker/src/pools/process-executor.ts").ParentTie;

const {
  FrameReader,
  FrameWriter: Frames,
  frameKind,
} = await internal<typeof import("../../packages/worker/src/pools/frames.ts")>("worker/dist/pools/frames.js");
const { findParentTie, processExecutors } = await internal<typeof import("../../packages/worker/src/pools/process-executor.ts")>(
  "worker/dist/pools/process-executor.js",
);
const { writeRun } = await internal<typeof import("../../packages/worker/src/pools/run-frame.ts")>("worker/dist/pools/run-frame.js");

const given = JSON.parse(process.argv[3] ?? "{}") as Omit<Run, "body"> & { readonly body: string };
const run: Run = { ...given, body: Buffer.from(given.body) };
const tie: ParentTie = process.argv[2] === "watch" ? "watch" : await findParentTie();
const open = processExecutors(tie, systemClock, null);
const busy: number[] = [];

function startBusy(): void {
  const reader = new FrameReader();
  const send = (write: (frames: FrameWriter) => void) => {
    const frames = new Frames();
    write(frames);
    link.send(frames.take());
  };
  const frame = (kind: number) => {
    if (kind === frameKind.ready) send((frames) => writeRun(frames, 1, run, true));
    if (kind === frameKind.begun) busy.push(link.pid);
    if (busy.length === 2) console.log(JSON.stringify(busy));
  };
  const link: ExecutorLink = open({
    received: (chunk) => reader.read(chunk, { frame }),
    printed: (_stream, line) => console.error(line),
    exited: ({ reason }) => console.error(reason),
  });
  const init = {
    source: { moduleUrl: "file:///none", appName: null },
    slots: 1,
    executeModule: new URL("./scripted-execute.js", import.meta.url).href,
    executeExport: "openScripted",
    worker: "celery@test",
    logLevel: "info",
  };
  send((frames) => frames.textFrame(frameKind.init, 0, JSON.stringify(init)));
}

startBusy();
startBusy();
