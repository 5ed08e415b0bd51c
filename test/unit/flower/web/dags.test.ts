/** How DAGs are drawn: where their tasks stand, and which state says most of several. */
import { expect, it } from "vitest";
import { boxWidth, layoutOf } from "../../../../packages/flower/src/web/present/dag-layout.ts";
import { countStates, countsText, leadingState, toneOf } from "../../../../packages/flower/src/web/present/dag-look.ts";
import { etlTasks } from "../../../support/dag-runs.ts";

it("puts each task behind all that it waits for, none upon another, and leaves out edges to what is not there", () => {
  const { boxes, edges, width, height } = layoutOf([...etlTasks, { ...etlTasks[0]!, id: "gone", upstream: ["nobody"] }]);
  const placeOf = new Map(boxes.map(({ task, x, y }) => [task.id, { x, y }]));
  for (const { id, upstream } of etlTasks)
    for (const each of upstream) expect(placeOf.get(id)!.x).toBeGreaterThanOrEqual(placeOf.get(each)!.x + boxWidth);
  expect(new Set(boxes.map(({ x, y }) => `${x} ${y}`)).size).toBe(6);
  expect(edges.map(({ key }) => key)).toEqual(["ready extract", "extract load", "extract check", "load report", "check report"]);
  for (const { x, y } of boxes) expect(x >= 0 && y >= 0 && x + boxWidth <= width && y < height).toBe(true);
  expect(layoutOf([]).boxes).toEqual([]);
});

it("says of several instances what wants to be seen first", () => {
  const counts = countStates(["success", "failed", "success", "running"]);
  expect([leadingState(counts), countsText(counts)]).toEqual(["failed", "1 failed, 1 running, 2 success"]);
  expect([leadingState({ success: 1 }), countsText({ success: 1 })]).toEqual(["success", "Success"]);
  expect([leadingState(undefined), countsText(undefined), toneOf(null)]).toEqual([null, "No instance", "blank"]);
  expect([leadingState({ odd_one: 1 }), toneOf("failed")]).toEqual(["odd_one", "bad"]);
});
