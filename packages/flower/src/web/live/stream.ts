/**
 * The live connection of this tab. Its duties:
 * 1. Wait for its turn (`turn.ts`), then hold one stream of server-sent events for all tabs, with what all of them wish for.
 * 2. Hand every frame on, to this tab and to the others.
 * 3. Let go when it is paused, and when the tab was hidden for a while.
 * 4. Say how it stands; where no stream can be had, the pages ask again every few seconds.
 */
import type { StreamFrame } from "../../shared/contract.ts";
import { apiUrl, prefix } from "../address.ts";
import { after, every } from "../clock.ts";
import { isShared, waitForTurn } from "./turn.ts";
import { isSame, together, type Wish } from "./wish.ts";

/** `polling`: no stream can be had now. `away`: the tab is hidden. */
export type LiveStatus = "connecting" | "live" | "polling" | "paused" | "away";

export interface LiveListener {
  frame(frame: StreamFrame): void;
  status(status: LiveStatus): void;
}

/** What tabs tell each other. */
type Word =
  | { readonly kind: "wish"; readonly tab: string; readonly wish: Wish | null }
  | { readonly kind: "who" }
  | { readonly kind: "frame"; readonly frame: StreamFrame }
  | { readonly kind: "status"; readonly status: LiveStatus };

const hiddenGrace = 30;
const settle = 0.15;
const retryAfter = 15;
const frameNames = ["hello", "snapshot", "delta", "gap", "ping"] as const;

export class LiveStream {
  readonly #tab = `${performance.timeOrigin}-${Math.random()}`;
  readonly #listener: LiveListener;
  readonly #channel = isShared ? new BroadcastChannel(`celeriac${prefix}`) : null;
  readonly #wishes = new Map<string, Wish>();
  #own: Wish = { topics: [], uuids: [] };
  #isPaused: boolean;
  #isAway = false;
  #endTurn: (() => void) | null = null;
  #isLeader = false;
  #source: EventSource | null = null;
  #asked: Wish | null = null;
  #waits = new Map<"hidden" | "open", () => void>();
  #endRenewal: () => void;

  constructor(listener: LiveListener, isPaused: boolean) {
    this.#listener = listener;
    this.#isPaused = isPaused;
    this.#channel?.addEventListener("message", ({ data }: MessageEvent<Word>) => this.#hear(data));
    document.addEventListener("visibilitychange", this.#look);
    addEventListener("pagehide", this.#leave);
    // A tab that crashed said nothing: the leader forgets what it does not hear again.
    this.#endRenewal = every(60, () => this.#isLeader && this.#askAll());
    this.#look();
  }

  wish(wish: Wish): void {
    this.#own = wish;
    this.#wishes.set(this.#tab, wish);
    this.#tell({ kind: "wish", tab: this.#tab, wish });
    if (this.#isLeader) this.#openSoon();
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#decide();
  }

  close(): void {
    this.#leave();
    this.#endRenewal();
    document.removeEventListener("visibilitychange", this.#look);
    removeEventListener("pagehide", this.#leave);
    this.#channel?.close();
  }

  readonly #look = (): void => {
    this.#waits.get("hidden")?.();
    if (document.visibilityState === "visible") {
      this.#isAway = false;
      this.#decide();
      return;
    }
    const hide = () => {
      this.#isAway = true;
      this.#decide();
    };
    this.#waits.set("hidden", after(hiddenGrace, hide));
  };

  readonly #leave = (): void => {
    for (const cancel of this.#waits.values()) cancel();
    this.#tell({ kind: "wish", tab: this.#tab, wish: null });
    this.#letGo();
  };

  #decide(): void {
    if (this.#isPaused || this.#isAway) {
      this.#tell({ kind: "wish", tab: this.#tab, wish: null });
      this.#letGo();
      this.#listener.status(this.#isPaused ? "paused" : "away");
      return;
    }
    if (this.#endTurn !== null) return;
    this.#listener.status("connecting");
    this.#tell({ kind: "wish", tab: this.#tab, wish: this.#own });
    this.#tell({ kind: "who" });
    this.#endTurn = waitForTurn(`celeriac-stream${prefix}`, () => this.#lead());
  }

  #lead(): void {
    this.#isLeader = true;
    this.#askAll();
    this.#openSoon();
  }

  #letGo(): void {
    this.#waits.get("open")?.();
    this.#source?.close();
    this.#source = null;
    this.#asked = null;
    this.#isLeader = false;
    this.#endTurn?.();
    this.#endTurn = null;
  }

  #askAll(): void {
    this.#wishes.clear();
    this.#wishes.set(this.#tab, this.#own);
    this.#tell({ kind: "who" });
    this.#openSoon();
  }

  /** Wishes come in flocks: a page that changes, tabs that answer. */
  #openSoon(seconds = settle): void {
    this.#waits.get("open")?.();
    this.#waits.set(
      "open",
      after(seconds, () => this.#open()),
    );
  }

  #open(): void {
    const wish = together(this.#wishes.values());
    if (!this.#isLeader || wish.topics.length === 0) return;
    if (this.#source !== null && this.#source.readyState !== EventSource.CLOSED && this.#asked !== null && isSame(wish, this.#asked))
      return;
    this.#source?.close();
    this.#asked = wish;
    const uuids = wish.uuids.length === 0 ? undefined : wish.uuids.map(encodeURIComponent).join(",");
    const source = new EventSource(apiUrl(["stream"], { topics: wish.topics.join(","), uuids }));
    const read = ({ data }: MessageEvent<string>) => this.#pass(JSON.parse(data) as StreamFrame);
    for (const name of ["message", ...frameNames]) source.addEventListener(name, read);
    source.addEventListener("open", () => this.#stand("live"));
    source.addEventListener("error", () => {
      if (this.#source !== source) return;
      const isOver = source.readyState === EventSource.CLOSED;
      this.#stand("polling");
      if (isOver) this.#openSoon(retryAfter);
    });
    this.#source = source;
  }

  #pass(frame: StreamFrame): void {
    this.#listener.frame(frame);
    if (frame.kind === "delta" || frame.kind === "gap") this.#tell({ kind: "frame", frame });
  }

  #stand(status: LiveStatus): void {
    this.#listener.status(status);
    this.#tell({ kind: "status", status });
  }

  #hear(word: Word): void {
    if (this.#isPaused || this.#isAway) return;
    switch (word.kind) {
      case "wish":
        if (word.wish === null) this.#wishes.delete(word.tab);
        else this.#wishes.set(word.tab, word.wish);
        if (this.#isLeader) this.#openSoon();
        break;
      case "who":
        this.#tell({ kind: "wish", tab: this.#tab, wish: this.#own });
        if (this.#isLeader && this.#source !== null)
          this.#tell({ kind: "status", status: this.#source.readyState === EventSource.OPEN ? "live" : "polling" });
        break;
      case "frame":
        if (!this.#isLeader) this.#listener.frame(word.frame);
        break;
      case "status":
        if (!this.#isLeader) this.#listener.status(word.status);
        break;
      default:
        word satisfies never;
    }
  }

  #tell(word: Word): void {
    this.#channel?.postMessage(word);
  }
}
