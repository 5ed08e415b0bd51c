/**
 * The contract of chords: what is counted of one, and who may close it. Three steps, each of which may be repeated: it is opened before its first
 * member is sent; the end of each member is counted, inside the member's settlement where claims and results share a server (`broker.ts`); whoever
 * counts the last one sends the body, closes the chord and only then settles. It grows while a member runs that adds others. Stores live with the result
 * backends that can count.
 */

/** A chord to be counted. Opened by whoever sends its members, before the first of them; and again, the same, by whoever plans it again. */
export interface ChordStart {
  /** Celery's group id */
  readonly id: string;
  /** how many tasks are counted; 1 or more */
  readonly size: number;
  /** ids of those tasks, by index, as far as they are known beforehand: what the watchdog asks for when the chord stays open */
  readonly members: readonly string[];
  /** JSON text of the body's signature, frozen: with the id under which it is sent, and found. Stores keep it and know no signatures. */
  readonly body: string;
  /** epoch ms at which the last of its members is due: the start where none has an eta */
  readonly dueAt: number;
  /** How long it is kept from now on, at least: as long as a result, and as long as its members may wait. null = for ever. */
  readonly expiresMs: number | null;
}

/** One member's end. A second part of one task changes nothing, whatever it says. */
export interface ChordPart {
  readonly chordId: string;
  /** its place in the header; null: its sender gave none, and it comes behind the others */
  readonly index: number | null;
  readonly taskId: string;
  readonly state: "SUCCESS" | "FAILURE" | "REVOKED";
  /** JSON text of what is stored as its result: the value, or Celery's exception */
  readonly value: string;
  /** Celery's `[1, id, state, value]` as `result_serializer` writes it, where that is not JSON: Redis keeps it instead. */
  readonly entry?: Uint8Array | undefined;
  /** the chord is kept for so long after it; null = for ever */
  readonly expiresMs: number | null;
}

/** `open`: others are awaited. `complete`: all are in, and nobody has closed it. `closed`: it has ended, or expired. */
export type ChordCount = "open" | "complete" | "closed";

/** A part as it was counted. */
export type CountedPart = Pick<ChordPart, "taskId" | "state" | "value">;

/** A chord of which nothing was heard for a while. */
export interface QuietChord extends Pick<ChordStart, "id" | "members" | "body"> {
  /** epoch ms of the last sign of life: it was due, a part came, a member ran */
  readonly aliveAt: number;
}

export interface QuietLook {
  /** epoch ms */
  readonly nowMs: number;
  /** Chords that lived within this time are left out; and those that somebody, here or elsewhere, has looked at within it. */
  readonly everyMs: number;
  readonly limit: number;
}

/** Every call may be repeated, and throws BACKEND_UNREACHABLE or BACKEND_REFUSED. */
export interface ChordStore {
  /** Changes nothing for a chord that was opened before, closed ones included. */
  open(start: ChordStart): Promise<void>;
  /** One more task is counted, whose part comes later; the same again changes nothing. false: nobody waits for the chord any more. */
  add(chordId: string, taskId: string): Promise<boolean>;
  /** Counts parts of one chord in one step. One of two who count the last two at once gets `complete`; so does whoever repeats it until the chord is closed. */
  count(parts: readonly ChordPart[]): Promise<ChordCount>;
  /** What was counted, in order of the indexes; nothing of a chord that is closed. */
  parts(chordId: string): Promise<readonly CountedPart[]>;
  /**
   * Where closing and publishing are two steps: takes it upon `by`, the id of a task or another name, to publish. `others`: somebody else has, less than
   * `forMs` ago; the same `by` may always go on, because it comes again only when who had it is gone.
   */
  beginClosing(chordId: string, by: string, forMs: number): Promise<"begun" | "others" | "closed">;
  /** Closes it: what was counted goes, and whatever is counted of it later changes nothing. */
  endClosing(chordId: string): Promise<void>;
  /** Members of these run at `nowMs`. */
  keepAlive(chordIds: readonly string[], nowMs: number): Promise<void>;
  /** Takes chords to be looked after; each is given to one who asks. Python's are not among them. */
  takeQuiet(look: QuietLook): Promise<readonly QuietChord[]>;
}
