/** How many tasks would stand above those that are shown: asked for at most every second and a half, and only when something was heard. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { TaskRow } from "../../../shared/contract.ts";
import { newestQuery, taskListQuery } from "../../api/queries.ts";
import { newestFirst, pageLength, type TaskFilter } from "../../api/task-filter.ts";
import { after, now } from "../../clock.ts";
import { useHeard, useLive } from "../../live/live.tsx";

/** seconds between two looks */
const pause = 1.5;

export interface Newer {
  /** `pageLength`: so many or more */
  readonly count: number;
  show(): void;
}

export function useNewer(filter: TaskFilter, rows: readonly TaskRow[], isShown: boolean): Newer {
  const queries = useQueryClient();
  const heard = useHeard();
  const { status } = useLive();
  const first = { ...filter, after: undefined };
  const isCounted = isShown && filter.sort === newestFirst && status !== "paused";
  const [isAsked, setIsAsked] = useState(false);
  const newest = useQuery({ ...newestQuery(filter), enabled: isCounted && isAsked, refetchInterval: status === "polling" ? 5_000 : false });
  const { refetch } = newest;
  const looked = useRef(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever was heard is worth a look, once in a while
  useEffect(() => {
    if (!isCounted || heard === 0) return;
    return after(Math.max(0, looked.current + pause - now()), () => {
      looked.current = now();
      if (isAsked) void refetch();
      else setIsAsked(true);
    });
  }, [heard, isCounted]);

  const known = new Set(rows.map(({ uuid }) => uuid));
  const begin = rows[0]?.timestamp ?? 0;
  const above = isCounted ? (newest.data?.rows ?? []).filter(({ uuid, timestamp }) => !known.has(uuid) && timestamp >= begin) : [];
  const isEmpty = rows.length === 0;
  const show = () => {
    // What was counted is what is shown, at once; then it is asked again.
    if (newest.data !== undefined) queries.setQueryData(taskListQuery(first).queryKey, newest.data);
    void queries.invalidateQueries({ queryKey: taskListQuery(first).queryKey });
  };
  const latest = useRef(show);
  latest.current = show;
  // Where nothing is shown nothing can move.
  useEffect(() => {
    if (isEmpty && above.length > 0) latest.current();
  }, [isEmpty, above.length]);
  return { count: Math.min(above.length, pageLength), show };
}
