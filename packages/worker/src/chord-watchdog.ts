/**
 * Ends the chords that would stay open: any worker looks, once a minute, at those of which nothing was heard. A member whose result is final is counted from
 * that; a chord of which `chordTimeout` long no part came, no worker had a member, and no missing member has any state, has failed.
 */
import {
  type ChordPart,
  type ChordStore,
  celeryErrors,
  chordPartOf,
  durationMs,
  exceptionJson,
  memberStateOf,
  type QuietChord,
  reasonOf,
  type SignatureJson,
  type Timer,
  unrunIn,
} from "@celeriac/core/runtime";
import { type ChordContext, closeChord } from "./chord-closing.ts";
import type { Request } from "./request.ts";

const everyMs = 60_000;
/** Chords of one look; the others wait for the next worker's. */
const atOnce = 100;

/** `underway`: what this worker's pool has. Gives what ends it. */
export function watchChords(context: ChordContext, underway: () => Iterable<Request>): () => void {
  const chords = context.backend?.chords;
  if (chords === undefined) return () => {};
  let looking = false;
  const timer: Timer = context.clock.every(
    everyMs,
    () => {
      if (looking) return;
      looking = true;
      void lookAfterChords(context, chords, underway()).finally(() => {
        looking = false;
      });
    },
    { background: true },
  );
  return () => timer.cancel();
}

/** One look. Never rejects: what fails is looked at again by whoever looks next. */
export async function lookAfterChords(context: ChordContext, chords: ChordStore, underway: Iterable<Request>): Promise<void> {
  const nowMs = context.clock.now();
  const running = new Set([...underway].map(({ headers }) => headers.group).filter((group) => group !== null));
  try {
    if (running.size > 0) await chords.keepAlive([...running], nowMs);
    for (const chord of await chords.takeQuiet({ nowMs, everyMs, limit: atOnce })) await lookAfter(context, chords, chord);
  } catch (error) {
    context.logger.warn("open chords cannot be looked after", { reason: reasonOf(error) });
  }
}

async function lookAfter(context: ChordContext, chords: ChordStore, chord: QuietChord): Promise<void> {
  const { id, members } = chord;
  const counted = new Set((await chords.parts(id)).map(({ taskId }) => taskId));
  const places = members.map((taskId, index) => ({ chordId: id, taskId, index }));
  const missing = places.filter(({ taskId }) => !counted.has(taskId));
  const texts = missing.length === 0 ? [] : await context.backend!.getMany(missing.map(({ taskId }) => taskId));
  const ended: ChordPart[] = [];
  let isUnderway = false;
  for (const [index, place] of missing.entries()) {
    const state = memberStateOf(place.taskId, texts[index] ?? null);
    if (state === "underway") isUnderway = true;
    else if (state !== "unknown") ended.push(chordPartOf(context.runtime.settings, place, state.state, state.value));
  }
  // What was counted before tells, counted again, whether all are in.
  const known =
    ended.length > 0
      ? ended
      : places
          .slice(0, counted.size === 0 ? 0 : 1)
          .filter(({ taskId }) => counted.has(taskId))
          .map(again);
  if (known.length > 0 && (await chords.count(known)) === "complete") return await close(context, chords, chord);
  if (isUnderway || ended.length > 0 || !isOverdue(context, chord)) return;
  context.logger.warn("a chord was given up", { chordId: id, missing: missing.length });
  await close(context, chords, chord, missing[0]?.taskId ?? id);

  function again(place: (typeof places)[number]): ChordPart {
    return chordPartOf(context.runtime.settings, place, "SUCCESS", "null");
  }
}

function isOverdue({ clock, runtime: { settings } }: ChordContext, { aliveAt }: QuietChord): boolean {
  const { chordTimeout } = settings;
  return chordTimeout !== null && clock.now() - aliveAt >= durationMs(chordTimeout, "chordTimeout");
}

/** `lost`: a member that was given up. */
async function close(context: ChordContext, chords: ChordStore, chord: QuietChord, lost?: string): Promise<void> {
  const body = JSON.parse(chord.body) as SignatureJson;
  const ids = unrunIn(body).map(({ id }) => id);
  const stored = await context.backend!.getMany(ids);
  // Somebody was killed behind the last step of closing, or Python has ended it.
  if (ids.some((id, index) => typeof memberStateOf(id, stored[index] ?? null) === "object")) return await chords.endClosing(chord.id);
  const parentId = chord.members.at(-1) ?? chord.id;
  await closeChord(context, {
    ...{ id: chord.id, body, by: "watchdog", parent: { rootId: parentId, parentId, priority: null } },
    lost: lost === undefined ? [] : [{ taskId: lost, state: "FAILURE", value: lostValue(context) }],
  });
}

function lostValue({ runtime: { settings } }: ChordContext): string {
  const seconds = durationMs(settings.chordTimeout ?? 0, "chordTimeout") / 1_000;
  return JSON.stringify(exceptionJson(celeryErrors.workerLost(`nothing was heard of it for ${seconds} s (chordTimeout)`)));
}
