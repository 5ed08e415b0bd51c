/**
 * The results that arrived at a reply queue, newest state of each task, and who waits for them. Bounded: the oldest go first, before them those that
 * somebody has seen.
 */
import { isFinal } from "../states.ts";

export interface ReplyCache {
  get(taskId: string): string | null;
  /** Keeps `text` unless a state that must not be replaced is there, and tells the task's listeners. */
  add(taskId: string, text: string): void;
  forget(taskId: string): void;
  /** Tells at once if there is something, then each change, until the returned function is called. */
  listen(taskId: string, listener: (text: string) => void): () => void;
}

interface Reply {
  readonly text: string;
  readonly state: string;
  /** null where the sender does not say, as Celery does not */
  readonly attempt: number | null;
}

/** Of a caller who asks later for what arrives now, as a bulk of tasks is waited for one by one. */
const mostReplies = 100_000;
const mostCharacters = 64 * 1024 * 1024;

/** `dropped` is told of each result that nobody had looked at and for which there was no room. */
export function createReplyCache(dropped: (taskId: string) => void = () => {}): ReplyCache {
  const replies = new Map<string, Reply>();
  /** tasks whose present reply was given to somebody, oldest first */
  const seen = new Set<string>();
  const listeners = new Map<string, Set<(text: string) => void>>();
  let characters = 0;

  function remove(taskId: string): void {
    characters -= replies.get(taskId)?.text.length ?? 0;
    replies.delete(taskId);
    seen.delete(taskId);
  }

  function hasRoom(): boolean {
    return replies.size <= mostReplies && (characters <= mostCharacters || replies.size === 1);
  }

  function makeRoom(): void {
    for (const oldest of seen) {
      if (hasRoom()) return;
      remove(oldest);
    }
    for (const oldest of replies.keys()) {
      if (hasRoom()) return;
      remove(oldest);
      dropped(oldest);
    }
  }

  return {
    get(taskId) {
      const reply = replies.get(taskId);
      if (reply !== undefined) seen.add(taskId);
      return reply?.text ?? null;
    },
    add(taskId, text) {
      const reply = readReply(text);
      const before = replies.get(taskId);
      if (before !== undefined && stands(before, reply)) return;
      remove(taskId);
      replies.set(taskId, reply);
      characters += text.length;
      const waiting = [...(listeners.get(taskId) ?? [])];
      if (waiting.length > 0) seen.add(taskId);
      makeRoom();
      for (const listener of waiting) listener(text);
    },
    forget: remove,
    listen(taskId, listener) {
      const all = listeners.get(taskId) ?? new Set();
      // A listener of its own for each call, so that one function can listen twice.
      const own = (text: string) => listener(text);
      all.add(own);
      listeners.set(taskId, all);
      const now = replies.get(taskId);
      if (now !== undefined) {
        seen.add(taskId);
        own(now.text);
      }
      return () => {
        all.delete(own);
        if (all.size === 0 && listeners.get(taskId) === all) listeners.delete(taskId);
      };
    },
  };
}

/** SUCCESS is the last word; a final state gives way neither to an older attempt nor to a state of the same one, as far as attempts are known. */
function stands(before: Reply, after: Reply): boolean {
  if (before.state === "SUCCESS") return true;
  if (!isFinal(before.state) || before.attempt === null || after.attempt === null) return false;
  return after.attempt < before.attempt || (after.attempt === before.attempt && !isFinal(after.state));
}

function readReply(text: string): Reply {
  try {
    const { status, retries } = JSON.parse(text) as { readonly status?: unknown; readonly retries?: unknown };
    return { text, state: String(status), attempt: typeof retries === "number" ? retries : null };
  } catch {
    // Python writes NaN and Infinity as bare words, which only the result's reader understands; the state stands before the result.
    return { text, state: /"status":\s*"([^"]*)"/.exec(text)?.[1] ?? "", attempt: null };
  }
}
