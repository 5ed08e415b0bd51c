/** The file in which a worker keeps what is revoked, so that a restart does not forget it: read at start, then replaced as a whole after changes. */
import { open, readFile, rename } from "node:fs/promises";
import { CeleriacError, type Clock, type Logger, reasonOf, type Timer } from "@celeriac/core/runtime";
import type { Remembered, Revoked } from "./revoked.ts";

export interface StateFile {
  /** Writes what has changed. Never rejects: a stop must not fail for it. */
  close(): Promise<void>;
}

export interface StateFileParts {
  readonly revoked: Revoked;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the file holds, as JSON. Times are of the wall clock, epoch ms: no other survives a restart. */
interface State {
  readonly format: typeof format;
  readonly revoked: readonly (readonly [id: string, reason: string, at: number])[];
  readonly stamps: readonly (readonly [stamp: string, at: number])[];
}

const format = "celeriac-worker-state-1";
const shortestPeriodMs = 1_000;

/** Fills `revoked` with what the file holds. What cannot be understood is set aside, with a warning. Throws WORKER_STATE_FILE where it cannot be read or written. */
export async function openStateFile(path: string, { revoked, clock, logger }: StateFileParts): Promise<StateFile> {
  let timer: Timer | null = null;
  let writing: Promise<void> | null = null;
  let isDirty = false;
  let isClosed = false;
  /** why it could not be written, as it was told last */
  let told: string | null = null;

  const save = () => replace(path, JSON.stringify(stateOf(revoked, clock.now())));

  async function write(): Promise<void> {
    isDirty = false;
    try {
      await save();
      told = null;
    } catch (error) {
      isDirty = true;
      const reason = reasonOf(error);
      logger[reason === told ? "debug" : "error"]("what is revoked could not be written: trying again", { file: path, reason });
      told = reason;
    }
  }

  function writeSoon(): void {
    if (timer !== null || isClosed) return;
    timer = clock.after(
      shortestPeriodMs,
      () => {
        timer = null;
        // One write at a time: the next one begins a period after the last has ended.
        writing = write().then(() => {
          writing = null;
          if (isDirty) writeSoon();
        });
      },
      { background: true },
    );
  }

  try {
    await restore(path, revoked, clock.now(), logger);
    // So that a place that takes no file is told at the start, and not when something is revoked.
    await save();
  } catch (cause) {
    if (CeleriacError.is(cause)) throw cause;
    throw new CeleriacError("WORKER_STATE_FILE", `The state file ${path} cannot be read and written: ${reasonOf(cause)}`, { cause });
  }
  revoked.onChange(() => {
    isDirty = true;
    if (writing === null) writeSoon();
  });
  return {
    async close() {
      isClosed = true;
      timer?.cancel();
      await writing;
      if (isDirty) await write();
    },
  };
}

async function restore(path: string, revoked: Revoked, nowMs: number, logger: Logger): Promise<void> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (text === null) return;
  const state = readState(text);
  if (state !== null) return revoked.restore(rememberedOf(state, nowMs));
  const aside = `${path}.${nowMs}.broken`;
  await rename(path, aside);
  logger.warn("the state file is none of a worker's, or broken: it is set aside, and what was revoked is forgotten", {
    file: path,
    setAside: aside,
  });
}

/** null where it is not what `stateOf` made. */
function readState(text: string): State | null {
  let value: Partial<State> | null;
  try {
    value = JSON.parse(text) as Partial<State> | null;
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || value.format !== format) return null;
  const { revoked, stamps } = value;
  const isWhole = areRows(revoked, ["string", "string", "number"]) && areRows(stamps, ["string", "number"]);
  return isWhole ? (value as State) : null;
}

function areRows(rows: unknown, types: readonly string[]): boolean {
  return Array.isArray(rows) && rows.every((row: unknown) => Array.isArray(row) && types.every((type, at) => typeof row[at] === type));
}

function stateOf(revoked: Revoked, nowMs: number): State {
  const { ids, stamps } = revoked.remembered();
  return {
    format,
    revoked: ids.map(([id, reason, ageMs]) => [id, reason, Math.round(nowMs - ageMs)]),
    stamps: stamps.map(([stamp, ageMs]) => [stamp, Math.round(nowMs - ageMs)]),
  };
}

/** A wall clock that was set back makes nothing younger than now. */
function rememberedOf({ revoked, stamps }: State, nowMs: number): Remembered {
  return {
    ids: revoked.map(([id, reason, at]) => [id, reason, Math.max(0, nowMs - at)]),
    stamps: stamps.map(([stamp, at]) => [stamp, Math.max(0, nowMs - at)]),
  };
}

/** Whole or not at all, also where the power fails meanwhile. */
async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(fresh, "w");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}
