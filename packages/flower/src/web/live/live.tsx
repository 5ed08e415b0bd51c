/** The live connection as pages see it: how it stands, how to pause it, and how a page says what it wants to be told of. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react";
import type { StreamTopic } from "../../shared/contract.ts";
import { applyFrame } from "./apply-frame.ts";
import { type LiveStatus, LiveStream } from "./stream.ts";
import type { Wish } from "./wish.ts";

interface Live {
  readonly status: LiveStatus;
  readonly isPaused: boolean;
  pause(isPaused: boolean): void;
  wish(wish: Wish): void;
}

const LiveContext = createContext<Live | null>(null);
/** Apart, because it changes four times a second. */
const HeardContext = createContext(0);

export function LiveProvider({ startsPaused, children }: { readonly startsPaused: boolean; readonly children: ReactNode }) {
  const queries = useQueryClient();
  const [status, setStatus] = useState<LiveStatus>("connecting");
  const [heard, setHeard] = useState(0);
  const [isPaused, setIsPaused] = useState(startsPaused);
  const stream = useRef<LiveStream | null>(null);
  const wished = useRef<Wish>({ topics: ["overview"], uuids: [] });

  useEffect(() => {
    const opened = new LiveStream(
      {
        frame(frame) {
          applyFrame(queries, frame);
          if (frame.kind === "delta" && frame.topic === "tasks") setHeard((before) => before + frame.newer + frame.rows.length);
        },
        status: setStatus,
      },
      startsPaused,
    );
    opened.wish(wished.current);
    stream.current = opened;
    return () => {
      stream.current = null;
      opened.close();
    };
  }, [queries, startsPaused]);

  const live = useMemo<Live>(
    () => ({
      status,
      isPaused,
      pause(next) {
        setIsPaused(next);
        stream.current?.pause(next);
        if (!next) void queries.invalidateQueries();
      },
      wish(wish) {
        wished.current = wish;
        stream.current?.wish(wish);
      },
    }),
    [status, isPaused, queries],
  );
  return (
    <LiveContext value={live}>
      <HeardContext value={heard}>{children}</HeardContext>
    </LiveContext>
  );
}

/** A number that goes up whenever tasks were heard of. */
export function useHeard(): number {
  return useContext(HeardContext);
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === null) throw new Error("useLive: there is no LiveProvider above");
  return live;
}

const noUuids: readonly string[] = [];

/** Says what this page wants to be told of; the overview's banners stand above every page, so that is always among it. */
export function useTopics(topics: readonly StreamTopic[], uuids: readonly string[] = noUuids): void {
  const { wish } = useLive();
  const say = useRef(wish);
  say.current = wish;
  const [named, listed] = [["overview", ...topics].join(), uuids.join("\n")];
  useEffect(() => {
    say.current({ topics: [...new Set(named.split(","))] as StreamTopic[], uuids: listed === "" ? [] : listed.split("\n") });
  }, [named, listed]);
}

/** The same of what the stream never tells: not while the pages stand still. */
export function useOwnPolling(): number | false {
  return useLive().isPaused ? false : 5_000;
}

/** ms after which a query asks again, where the stream does not tell; false: never. */
export function usePolling(): number | false {
  return useLive().status === "polling" ? 5_000 : false;
}
