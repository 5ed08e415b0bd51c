/** A process that belongs to a test run: in a process group and a directory of its own, and gone when the run is gone, however that ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface PrivateProcess {
  readonly pid: number;
  /** Everything it wrote to stdout and stderr so far. */
  output(): string;
  /** Resolves when `pattern` has been written; rejects with the output when the process ends first or `withinMs` pass. */
  wrote(pattern: RegExp, withinMs: number): Promise<void>;
  /** SIGTERM to the group, SIGKILL after `graceMs` (5 s); resolves when it has ended. Harmless when it has. */
  stop(options?: { readonly signal?: NodeJS.Signals; readonly graceMs?: number }): Promise<void>;
  /** Resolves with exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** removed, too, when the run is gone before `stop` */
  readonly temporaryFolder?: string;
  /** who runs it, where we may say so; null: we ourselves */
  readonly user?: { readonly uid: number; readonly gid: number } | null;
}

const lastWordsMs = 5_000;

export function startPrivateProcess({ command, args, env = process.env, cwd, temporaryFolder = "", user = null }: Start): PrivateProcess {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"], ...user });
  const { pid } = child;
  const ended = endOf(child, command);
  const reaper = pid === undefined ? null : startReaper(pid, temporaryFolder);
  const written = collectOutput(child);
  const silent = endOfOutput(child, ended);
  silent.catch(() => {});
  void ended.catch(() => {}).then(() => reaper?.dismiss());
  return {
    pid: pid ?? -1,
    ended,
    output: written.text,
    wrote: (pattern, withinMs) => awaitOutput({ pattern, withinMs, command, written, silent }),
    async stop({ signal = "SIGTERM", graceMs = 5_000 } = {}) {
      if (pid === undefined) return;
      signalGroup(pid, signal);
      const impatience = setTimeout(() => signalGroup(pid, "SIGKILL"), graceMs);
      await ended.catch(() => {});
      clearTimeout(impatience);
      // What the process itself started and left behind in its group goes with it.
      signalGroup(pid, "SIGKILL");
    },
  };
}

/** A new directory that is removed by the returned function, and by the system's cleaner at the latest. */
export function temporaryDirectory(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `celeriac-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

function endOf(child: ChildProcess, command: string): Promise<number | NodeJS.Signals> {
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", (cause) => reject(new Error(`${command} could not be started: ${cause.message}`, { cause })));
    child.once("exit", (code, signal) => resolve(code ?? signal ?? -1));
  });
  // Seen by whoever waits for it; nobody has to.
  ended.catch(() => {});
  return ended;
}

/** As `ended`, once its last words are read: they may come after its exit. A child of its own that holds its pipes is not waited for. */
async function endOfOutput(child: ChildProcess, ended: Promise<number | NodeJS.Signals>): Promise<number | NodeJS.Signals> {
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const end = await ended;
  await Promise.race([closed, pause(lastWordsMs, undefined, { ref: false })]);
  return end;
}

interface Written {
  text(): string;
  onChange(look: () => void): () => void;
}

function collectOutput(child: ChildProcess): Written {
  let text = "";
  const lookers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      for (const look of [...lookers]) look();
    });
  return {
    text: () => text,
    onChange(look) {
      lookers.add(look);
      return () => lookers.delete(look);
    },
  };
}

interface Awaited {
  readonly pattern: RegExp;
  readonly withinMs: number;
  readonly command: string;
  readonly written: Written;
  /** the end of the process, with nothing more to come from it */
  readonly silent: Promise<number | NodeJS.Signals>;
}

function awaitOutput({ pattern, withinMs, command, written, silent }: Awaited): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => finish(() => reject(new Error(`${command} ${why}:\n${written.text()}`)));
    const impatience = setTimeout(() => fail(`did not write ${String(pattern)} within ${withinMs} ms`), withinMs);
    const forget = written.onChange(look);
    silent.then(
      (end) => fail(`ended (${end}) before it wrote ${String(pattern)}`),
      (error: Error) => finish(() => reject(error)),
    );
    look();
    function look() {
      if (pattern.test(written.text())) finish(resolve);
    }
    function finish(settle: () => void) {
      clearTimeout(impatience);
      forget?.();
      settle();
    }
  });
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A shell that waits for a line from us; when our process is gone without one (Ctrl-C, crash, kill -9), it ends the group `pid` and removes `folder` unless it is "". */
function startReaper(pid: number, folder: string): { dismiss(): void } {
  const script = 'read -r word && exit 0; kill -s KILL -- "-$0" 2>/dev/null; [ -z "$1" ] || rm -rf -- "$1"';
  const shell = spawn("/bin/sh", ["-c", script, String(pid), folder], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  shell.unref();
  const line = shell.stdin;
  // The shell may be gone first when the machine shuts down.
  line?.on("error", () => {});
  (line as unknown as { unref?(): void } | null)?.unref?.();
  return { dismiss: () => void line?.end("done\n") };
}
