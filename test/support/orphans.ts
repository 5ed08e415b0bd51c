/** A program that starts a pool, lets its children compute for ever, prints their pids and waits to be killed. */
import { systemClock } from "@celeriac/core/runtime";
import type { ExecutorLink } from "../../packages/worker/src/pools/executor-link.ts";
import { FrameReader, FrameWriter, frameKind } from "../../packages/worker/src/pools/frames.ts";
import { findParentTie, type ParentTie, processExecutors } from "../../packages/worker/src/pools/process-executor.ts";
import { writeRun } from "../../packages/worker/src/pools/run-frame.ts";
import { programUrl } from "./built.ts";
import { scriptedRun } from "./executor-pool.ts";

const tie: ParentTie = process.argv[2] === "watch" ? "watch" : await findParentTie();
const open = processExecutors(tie, systemClock, null);
const busy: number[] = [];

function startBusy(): void {
  const reader = new FrameReader();
  const send = (write: (frames: FrameWriter) => void) => {
    const frames = new FrameWriter();
    write(frames);
    link.send(frames.take());
  };
  const frame = (kind: number) => {
    if (kind === frameKind.ready) send((frames) => writeRun(frames, 1, scriptedRun({ do: "block", ms: null }), true));
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
    executeModule: programUrl("scripted-execute").href,
    executeExport: "openScripted",
    worker: "celery@test",
    logLevel: "info",
  };
  send((frames) => frames.textFrame(frameKind.init, 0, JSON.stringify(init)));
}

startBusy();
startBusy();
