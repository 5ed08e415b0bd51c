/** What the end of a task counts for a chord, and which chord that is. */
import {
  type AppRuntime,
  bodyToUnlock,
  type ChordMember,
  type ChordPart,
  type ChordPlace,
  chordMembersOf,
  chordPartOf,
  type ResultBackend,
  readFollowed,
  reasonOf,
  type Settlement,
  unreachedMembers,
} from "@celeriac/core/runtime";
import type { CompleteChord } from "./chord-closing.ts";
import type { Request } from "./request.ts";

export interface CountingContext {
  readonly runtime: AppRuntime;
  readonly backend: ResultBackend | null;
}

/** `value`: JSON text of the value, or of Celery's exception. Nothing where the backend counts no chords. */
export function partsOf(
  { runtime, backend }: CountingContext,
  places: readonly ChordPlace[],
  state: ChordPart["state"],
  value: string,
): Pick<Settlement, "parts"> {
  if (places.length === 0 || backend?.chords === undefined) return {};
  return { parts: places.map((place) => chordPartOf(runtime.settings, place, state, value)) };
}

/** As its last member has it, whose message carries the body. null: it cannot be read, and the watchdog ends the chord. */
export function chordOf(runtime: AppRuntime, { run, headers }: Request, chordId: string): CompleteChord | null {
  const member = membersOf(runtime, run, headers).find((each) => each.chordId === chordId);
  if (member === undefined) return null;
  const parent = { rootId: headers.rootId, parentId: headers.id, priority: run.priority };
  return { id: chordId, body: member.body, by: headers.id, parent, stamps: headers.stamps };
}

function membersOf(runtime: AppRuntime, run: Request["run"], headers: Request["headers"]): readonly ChordMember[] {
  try {
    const { args, embed } = readFollowed(runtime, run, headers).body;
    const unlocked = bodyToUnlock(headers.task, args);
    return [...chordMembersOf(headers, embed, false), ...unreachedMembers({ chain: unlocked === null ? null : [unlocked] })];
  } catch (error) {
    runtime.logger.error("the body of a chord cannot be read", { taskId: headers.id, reason: reasonOf(error) });
    return [];
  }
}
