/** A DAG as JSON, for those who look at it without its code: what the store keeps of it, and by which a scheduler sees that its schedule has changed. */
import type { DagModel } from "../model.ts";

export interface DagShape {
  /** as its author wrote it; null: only by hand */
  readonly schedule: string | null;
  readonly tz: string;
  readonly timetable: "trigger" | "interval";
  readonly startAt: number | null;
  readonly endAt: number | null;
  readonly catchUp: boolean;
  readonly tags: readonly string[];
  readonly groups: readonly { readonly id: string; readonly parent: string | null }[];
  readonly tasks: readonly {
    readonly id: string;
    readonly group: string | null;
    readonly operator: string;
    readonly upstream: readonly string[];
    readonly triggerRule: string;
  }[];
}

export function dagShape({ schedule, startAt, endAt, catchUp, tags, groups, tasks }: DagModel, scheduleText: string): DagShape {
  const { when, tz, timetable } = schedule;
  return {
    ...{ schedule: when === null ? null : scheduleText, tz, timetable, startAt, endAt, catchUp, tags },
    groups: groups.map(({ id, parent }) => ({ id, parent })),
    tasks: [...tasks.values()].map(({ id, group, operator, upstream, options }) => {
      return { id, group, operator, upstream, triggerRule: options.triggerRule };
    }),
  };
}

/** Whether it is due at other times than before. */
export function isRescheduled(before: DagShape, after: DagShape): boolean {
  const times = ({ schedule, tz, timetable, startAt, endAt, catchUp }: DagShape) =>
    JSON.stringify([schedule, tz, timetable, startAt, endAt, catchUp]);
  return times(before) !== times(after);
}
