/**
 * Tells clients every event as a worker or a producer told it, but for its secrets. Its duties: 1. read what is heard, only while somebody listens; 2. give
 * each client those it wants, in one piece ten times a second; 3. keep the last minute for clients that come back, and say where something is lost.
 */
import { randomBytes } from "node:crypto";
import { type Clock, type ContentRules, eventsOf, type ReceivedEvent, type Timer } from "@celeriac/core/runtime";
import type { Ear } from "../hear.ts";
import type { HeardMessage } from "../history/history.ts";
import type { Redactor } from "../security/redaction.ts";
import type { Listener } from "./listener.ts";
import { createRing, type Ring } from "./ring.ts";
import type { EventWish } from "./wish.ts";

export interface EventFeedParts {
  readonly clock: Clock;
  readonly ear: Pick<Ear, "follow">;
  readonly content: ContentRules;
  readonly redactor: Redactor;
}

interface Told {
  readonly seq: number;
  readonly type: string;
  readonly uuid: unknown;
  /** JSON */
  readonly text: string;
}

interface Member {
  readonly listener: Listener;
  readonly wish: EventWish;
}

const turnMs = 100;
const pingMs = 15_000;
/** So long it goes on after the last client, which may come back. */
const restMs = 60_000;
const factBytes = 128;

/** What is said where events are lost; it has no type that an event could have. */
export const gapText = (dropped: number) => `data: ${JSON.stringify({ type: "gap", dropped })}\n\n`;

export class EventFeed {
  readonly #parts: EventFeedParts;
  readonly #members = new Set<Member>();
  #epoch = "";
  #ring: Ring<Told> = createRing(bytesOf);
  #seq = 0;
  /** not told yet */
  #fresh: Told[] = [];
  #unfollow: (() => void) | null = null;
  #turn: Timer | null = null;
  #ping: Timer | null = null;
  #rest: Timer | null = null;

  constructor(parts: EventFeedParts) {
    this.#parts = parts;
  }

  /** `lastEventId`: of a client that comes back. Gives how to leave. */
  join(listener: Listener, wish: EventWish, lastEventId: string | undefined): () => void {
    this.#begin();
    // What waits is of the time before.
    this.#tell();
    const missed = this.#missedSince(lastEventId);
    if (missed === null) listener.write(gapText(this.#droppedSince(lastEventId)), 1);
    this.#write({ listener, wish }, missed ?? []);
    listener.ping(this.#place());
    const member = { listener, wish };
    this.#members.add(member);
    return () => this.#leave(member);
  }

  close(): void {
    for (const { listener } of this.#members) listener.end();
    this.#members.clear();
    this.#end();
  }

  #begin(): void {
    this.#rest?.cancel();
    this.#rest = null;
    if (this.#unfollow !== null) return;
    const { clock, ear } = this.#parts;
    this.#epoch = randomBytes(6).toString("hex");
    this.#ring = createRing(bytesOf);
    this.#seq = 0;
    this.#unfollow = ear.follow((message) => this.#hear(message));
    this.#ping = clock.every(pingMs, () => {
      for (const { listener } of this.#members) listener.ping(this.#place());
    });
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return;
    this.#rest = this.#parts.clock.after(restMs, () => this.#end(), { background: true });
  }

  #end(): void {
    this.#unfollow?.();
    this.#unfollow = null;
    for (const timer of [this.#turn, this.#ping, this.#rest]) timer?.cancel();
    this.#turn = null;
    this.#fresh = [];
  }

  #hear({ body, headers, contentType }: HeardMessage): void {
    try {
      const events = eventsOf({ body, headers, contentType: contentType ?? "application/json" }, this.#parts.content);
      for (const event of events) this.#note(event);
    } catch {
      // Whoever may tell events may tell anything: there is nobody to complain to.
    }
    if (this.#fresh.length > 0) this.#turn ??= this.#parts.clock.after(turnMs, () => this.#tell());
  }

  #note(event: ReceivedEvent): void {
    this.#seq += 1;
    const text = JSON.stringify(this.#parts.redactor.value(event));
    this.#fresh.push({ seq: this.#seq, type: event.type, uuid: event["uuid"], text });
  }

  #tell(): void {
    this.#turn?.cancel();
    this.#turn = null;
    const fresh = this.#fresh;
    this.#fresh = [];
    const now = this.#parts.clock.monotonic();
    for (const told of fresh) this.#ring.add(told, now);
    for (const member of this.#members) this.#write(member, fresh);
  }

  #write({ listener, wish: { types, uuids } }: Member, events: readonly Told[]): void {
    const wanted = events.filter(
      ({ type, uuid }) => (types === null || types.has(type)) && (uuids === null || (typeof uuid === "string" && uuids.has(uuid))),
    );
    if (wanted.length === 0) return;
    listener.write(wanted.map(({ seq, text }) => `id: ${this.#epoch}-${seq}\ndata: ${text}\n\n`).join(""), wanted.length);
  }

  /** A place without an event: who wants few of them comes back to here, and not to the last that was for it. */
  #place(): string {
    return `id: ${this.#epoch}-${this.#seq}\n\n`;
  }

  /** null: not all of it is there any more */
  #missedSince(lastEventId: string | undefined): readonly Told[] | null {
    if (lastEventId === undefined) return [];
    const seq = this.#seqOf(lastEventId);
    return seq === null ? null : this.#ring.since(seq);
  }

  /** 0: nobody knows how many */
  #droppedSince(lastEventId: string | undefined): number {
    const seq = this.#seqOf(lastEventId ?? "");
    return seq === null ? 0 : Math.max(0, this.#seq - seq);
  }

  /** null: a place of another time */
  #seqOf(id: string): number | null {
    const [, epoch, seq] = /^(\w+)-(\d+)$/.exec(id) ?? [];
    return epoch === this.#epoch ? Number(seq) : null;
  }
}

function bytesOf({ text }: Told): number {
  return text.length + factBytes;
}
