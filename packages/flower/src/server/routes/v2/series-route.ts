/** What happened over time, for charts. */
import type { Series } from "../../../shared/contract.ts";
import { Refusal } from "../../access.ts";
import { seriesPoints } from "../../present/series.ts";
import { reading } from "./api-route.ts";

const minute = 60;
const hour = 3_600;
const mostPoints = 1_500;
/** So many slices are put together at most. */
const mostSlices = 50_000;

export const seriesRoutes = [
  reading({
    path: "/series",
    summary: "What was received, succeeded and failed over time, how long tasks waited and ran.",
    query: {
      from: { kind: "number", doc: "Epoch seconds; an hour ago, unless given." },
      to: { kind: "number", doc: "Epoch seconds; now, unless given." },
      step: {
        kind: "whole",
        doc: "Seconds of a point: a multiple of 60; from an hour on, of 3600. 60, unless given. Minutes are kept for 48 hours.",
        range: [minute, 31 * 24 * hour],
      },
      name: { kind: "text", doc: "Name of the task." },
      queue: { kind: "text", doc: "Name of the queue." },
    },
    answer: "Series",
    async answerTo({ query }, { history, clock }): Promise<Series> {
      const step = query.step ?? minute;
      const kept = step < hour ? minute : hour;
      if (step % kept !== 0) throw new Refusal(400, `Argument step: expected a multiple of ${kept}, got ${step}`);
      const to = Math.ceil((query.to ?? clock.now() / 1_000) / step) * step;
      const from = Math.floor((query.from ?? to - hour) / step) * step;
      if (from >= to || (to - from) / step > mostPoints || (to - from) / kept > mostSlices)
        throw new Refusal(400, `Arguments from, to and step: expected 1 to ${mostPoints} points, got ${(to - from) / step}`);
      const slices = await history.series({ from, to, step: kept, name: query.name ?? undefined, queue: query.queue ?? undefined });
      return { step, points: seriesPoints(slices, step) };
    },
  }),
];
