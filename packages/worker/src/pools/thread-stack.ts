/**
 * What JavaScript a thread executes, even one that never gives way: a debugger that lives in this process pauses it for a moment, from another
 * thread. No port is opened. Loaded only when somebody asks.
 */
import { Session } from "node:inspector";
import { fileURLToPath } from "node:url";
import { systemClock } from "@celeriac/core/runtime";

interface CallFrame {
  readonly functionName: string;
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number | undefined };
}

/** What a debugger tells of a thread. */
interface Told {
  scriptParsed(script: { readonly scriptId: string; readonly url: string }): void;
  paused(frames: readonly CallFrame[]): void;
}

interface Debugger {
  post(method: "Debugger.enable" | "Debugger.pause" | "Debugger.resume" | "Debugger.disable"): void;
}

/** A thread that executes something pauses at its next statement; one that waits has none. */
const executesWithinMs = 200;
/** What lies here is the executor, and no user code; threads run what is built, also where this is not. */
const here = new URL("../", import.meta.url).href;
const ours = [here, here.replace(/\/src\/$/, "/dist/")];

/** Of the process's main thread, asked in another thread: its calls, innermost first; empty where it executes no user code. */
export async function mainThreadStack(): Promise<readonly string[]> {
  const session = new Session();
  session.connectToMainThread();
  try {
    return await pausedStack((told) => {
      session.on("Debugger.scriptParsed", ({ params }) => told.scriptParsed(params));
      session.on("Debugger.paused", ({ params }) => told.paused(params.callFrames));
      return { post: (method) => session.post(method, () => {}) };
    });
  } finally {
    session.disconnect();
  }
}

/** Of a worker thread of this thread's; null where there is none of that id. */
export async function workerThreadStack(threadId: number): Promise<readonly string[] | null> {
  const session = new Session();
  session.connect();
  try {
    const sessionId = await attach(session, threadId);
    if (sessionId === null) return null;
    let lastId = 0;
    return await pausedStack((told) => {
      session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
        if (params.sessionId !== sessionId) return;
        const message = JSON.parse(params.message) as WorkerMessage;
        if (message.method === "Debugger.scriptParsed") told.scriptParsed(message.params);
        if (message.method === "Debugger.paused") told.paused(message.params.callFrames);
      });
      return {
        post(method) {
          const message = JSON.stringify({ id: ++lastId, method });
          session.post("NodeWorker.sendMessageToWorker", { sessionId, message }, () => {});
        },
      };
    });
  } finally {
    session.disconnect();
  }
}

type WorkerMessage =
  | { readonly method: "Debugger.scriptParsed"; readonly params: Parameters<Told["scriptParsed"]>[0] }
  | { readonly method: "Debugger.paused"; readonly params: { readonly callFrames: readonly CallFrame[] } };

/** Every thread is attached to, and let go with the session. */
async function attach(session: Session, threadId: number): Promise<string | null> {
  let found: string | null = null;
  session.on("NodeWorker.attachedToWorker", ({ params }) => {
    // The id beside it counts what the session has seen; only the title tells the thread.
    if (/^\[?worker (\d+)/i.exec(params.workerInfo.title)?.[1] === String(threadId)) found = params.sessionId;
  });
  await new Promise<void>((resolve) => session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, () => resolve()));
  return found;
}

async function pausedStack(open: (told: Told) => Debugger): Promise<readonly string[]> {
  const waiting = new AbortController();
  const urls = new Map<string, string>();
  let frames: readonly CallFrame[] = [];
  const target = open({
    scriptParsed: ({ scriptId, url }) => void urls.set(scriptId, url),
    paused(callFrames) {
      frames = callFrames;
      // At once, whoever still listens.
      target.post("Debugger.resume");
      waiting.abort();
    },
  });
  target.post("Debugger.enable");
  target.post("Debugger.pause");
  await systemClock.sleep(executesWithinMs, waiting.signal);
  target.post("Debugger.disable");
  return shown(frames.map((frame) => ({ ...frame, url: urls.get(frame.location.scriptId) ?? "" })));
}

const mostFrames = 50;

/** Without the calls through which user code was reached. */
function shown(frames: readonly (CallFrame & { readonly url: string })[]): readonly string[] {
  const last = frames.findLastIndex(({ url }) => url !== "" && !url.startsWith("node:") && !ours.some((folder) => url.startsWith(folder)));
  return frames.slice(0, Math.min(last + 1, mostFrames)).map(({ functionName, url, location }) => {
    const place = `${url.startsWith("file:") ? fileURLToPath(url) : url}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1}`;
    return functionName === "" ? place : `${functionName} (${place})`;
  });
}
