/**
 * Closes a chord whose members have all been counted: its body is sent, or its failure stored and told, and then nobody can do it again. Each step may be
 * repeated, here or by whoever takes this worker's place.
 */
import {
  type AfterChord,
  type AppRuntime,
  afterBrokenChord,
  afterChord,
  BackendError,
  type Broker,
  type ChordStore,
  type CountedPart,
  type EndedChord,
  failpoint,
  PublishError,
  type ResultBackend,
} from "@celeriac/core/runtime";
import { type RepeatContext, repeat } from "./repeat.ts";

export interface ChordContext extends RepeatContext {
  readonly runtime: AppRuntime;
  /** the worker's node name */
  readonly hostname: string;
  readonly broker: Broker;
  /** null where results are disabled */
  readonly backend: ResultBackend | null;
}

export interface CompleteChord extends Omit<EndedChord, "parts" | "hostname"> {
  /** who closes it: the id of the task that ended last, or a name */
  readonly by: string;
  /** members that will never be counted */
  readonly lost?: readonly CountedPart[] | undefined;
}

/** Long enough for a worker to publish. The chord of one that is gone is closed by the next who comes to it. */
const closingMs = 30_000;

/** false when the worker gave up. Never rejects. */
export async function closeChord(context: ChordContext, chord: CompleteChord): Promise<boolean> {
  const about = { chordId: chord.id, taskId: chord.by };
  return (await repeat(context, about, "closing a chord", () => close(context, chord))) !== null;
}

/** Rejects with BROKER_*, BACKEND_* and PUBLISH_*, and may be repeated then. */
async function close(context: ChordContext, chord: CompleteChord): Promise<true> {
  const { backend, runtime, hostname } = context;
  failpoint("chord.complete");
  const chords = storeOf(backend);
  const parts = [...(await chords.parts(chord.id)), ...(chord.lost ?? [])];
  // It was closed meanwhile.
  if (parts.length === 0) return true;
  const ended: EndedChord = { ...chord, parts, hostname };
  try {
    await end(context, chord, afterChord(runtime, ended));
  } catch (error) {
    if (!PublishError.is(error) || error.code !== "PUBLISH_UNROUTABLE") throw error;
    await end(context, chord, afterBrokenChord(runtime, ended, error));
  }
  failpoint("chord.closed");
  return true;
}

async function end(context: ChordContext, chord: CompleteChord, after: AfterChord): Promise<void> {
  const { backend, broker } = context;
  // The chord around it comes first: once this one is closed nobody would come back for that.
  await countOuter(context, after);
  const chords = storeOf(backend);
  for (const start of after.opens) await chords.open(start);
  failpoint("chord.composed");
  if (broker.settlesResults && broker.closeChord !== undefined) {
    await broker.closeChord(chord.id, after);
    return;
  }
  if ((await chords.beginClosing(chord.id, chord.by, closingMs)) !== "begun") return;
  for (const result of after.results) await backend?.store(result);
  for (const publication of after.publish) await broker.publish(publication);
  failpoint("chord.published");
  await chords.endClosing(chord.id);
}

async function countOuter(context: ChordContext, { outer }: AfterChord): Promise<void> {
  for (const { member, part } of outer) {
    if ((await storeOf(context.backend).count([part])) !== "complete") continue;
    const { chordId: id, body, taskId } = member;
    await close(context, { id, body, by: taskId, parent: { rootId: taskId, parentId: taskId, priority: null } });
  }
}

function storeOf(backend: ResultBackend | null): ChordStore {
  if (backend?.chords !== undefined) return backend.chords;
  throw new BackendError("BACKEND_REFUSED", "The result backend counts no chords");
}
