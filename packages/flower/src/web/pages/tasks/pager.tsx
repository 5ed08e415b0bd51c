/** Above the list: how many fit, what is newer, and the way to the next page and back. */
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import type { TaskList } from "../../../shared/contract.ts";
import { pages } from "../../address.ts";
import { pageLength, searchOf, type TaskFilter } from "../../api/task-filter.ts";
import { count, counted } from "../../format/number.ts";
import { Icon } from "../../parts/icon.tsx";

interface PagerProps {
  readonly filter: TaskFilter;
  readonly list: TaskList | undefined;
  readonly newer: number;
  onNewer(): void;
}

export function Pager({ filter, list, newer, onNewer }: PagerProps) {
  const [, go] = useLocation();
  const behind = usePagesBehind(filter);
  const isFirst = filter.after === undefined;
  const to = (after: string | undefined) => go(`${pages.tasks}${searchOf({ ...filter, after })}`);
  const next = list?.next ?? null;
  return (
    <div className="panel-head pager">
      <span className="figures soft" role="status">
        {list === undefined ? "…" : totalOf(list)}
      </span>
      {list?.searched != null && <span className="tone-warn">looked at the newest {count(list.searched)} only</span>}
      {newer > 0 && (
        <button type="button" className="chip on" onClick={onNewer}>
          <Icon name="up" />
          <span className="figures">{newer >= pageLength ? `${pageLength}+` : newer} newer</span>
        </button>
      )}
      <div className="end">
        <button
          type="button"
          className="button square plain"
          aria-label="First page"
          title="First page"
          disabled={isFirst}
          onClick={() => to(undefined)}
        >
          <Icon name="first" />
        </button>
        <button
          type="button"
          className="button square plain"
          aria-label="Page before"
          title="Page before"
          disabled={isFirst}
          onClick={() => to(behind.current.pop())}
        >
          <Icon name="left" />
        </button>
        <button
          type="button"
          className="button square plain"
          aria-label="Next page"
          title="Next page"
          disabled={next === null}
          onClick={() => {
            behind.current.push(filter.after);
            to(next ?? undefined);
            scrollTo({ top: 0 });
          }}
        >
          <Icon name="right" />
        </button>
      </div>
    </div>
  );
}

/** Cursors lead only forward: the way back is remembered, as long as the list stays the same. */
function usePagesBehind(filter: TaskFilter) {
  const behind = useRef<(string | undefined)[]>([]);
  const list = searchOf({ ...filter, after: undefined });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list, another way back
  useEffect(() => {
    behind.current = [];
  }, [list]);
  return behind;
}

function totalOf({ total, rows }: TaskList): string {
  if (total.exact) return counted(total.count, "task");
  return total.count > rows.length ? `${count(total.count)}+ tasks` : `${counted(rows.length, "task")} here`;
}
