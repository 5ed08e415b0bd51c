import picocolors from "picocolors";
import { expect, it } from "vitest";
import { picture, type Scene, selectedTask } from "../../../../packages/cli/src/live/picture.ts";
import { keysOf } from "../../../../packages/cli/src/live/terminal.ts";

const screen = { colors: picocolors.createColors(false), columns: 100, rows: 16 };
const empty: Scene = { tasks: [], workers: [], selected: null, isOpen: false, notice: null, broker: "redis://localhost", nowMs: 100_000 };
const task = (uuid: string, changes: object = {}) => ({
  ...{ uuid, name: `shop.${uuid}`, state: "STARTED" as const, worker: "w1@shop", timestamp: 95, fields: {} },
  ...changes,
});
const worker = { hostname: "w1@shop", isOnline: true, heardAt: 99, freq: 2, active: 1, processed: 7, loadavg: [0.5, 0.25, 0] };
const trimmed = (scene: Scene) => picture(scene, screen).map((line) => line.trimEnd());

it("says what to do while nothing was heard of", () => {
  const lines = trimmed(empty);
  expect(lines).toHaveLength(16);
  expect(lines[0]).toBe("celeriac events  0 workers \u00b7 0 tasks \u00b7 0 running  redis://localhost");
  expect(lines.join("\n")).toMatch(/No worker was heard of yet.*\n\nNo task was heard of yet\. Workers tell of tasks with -E/);
  expect(lines.at(-1)).toMatch(/q quit/);
});

it("shows workers and tasks, and of the selected one all that is known", () => {
  const failed = task("bad", {
    state: "FAILURE",
    fields: { exception: "ValueError('no')", args: "(1,)", runtime: 1.25, traceback: "one\ntwo" },
  });
  const silent = { ...worker, hostname: "w2@shop", heardAt: 90 };
  const scene: Scene = { ...empty, tasks: [task("a"), failed], workers: [worker, silent], selected: "bad", isOpen: true };
  const text = picture(scene, { ...screen, rows: 24 })
    .map((line) => line.trimEnd())
    .join("\n");
  expect(text).toContain("1 worker \u00b7 2 tasks \u00b7 1 running");
  expect(text).toMatch(/w1@shop +online +1 +7 +0\.50 0\.25 0\.00\nw2@shop +silent/);
  expect(text).toMatch(/\n {3}shop\.a +STARTED +w1@shop +5s +a\n> {2}shop\.bad +FAILURE +w1@shop +5s +1s +bad +ValueError\('no'\)/);
  expect(text).toMatch(
    / {2}id +bad\n {2}task +shop\.bad\n {2}worker +w1@shop\n {2}args +\(1,\)\n {2}exception +ValueError\('no'\)\n {2}one\n {2}two/,
  );
});

it("keeps the selected task on the screen, however long the list is", () => {
  const tasks = Array.from({ length: 200 }, (_, at) => task(`t${at}`));
  const scene = { ...empty, tasks, workers: [worker], selected: "t150" };
  expect(trimmed(scene)).toHaveLength(16);
  expect(trimmed(scene).join("\n")).toContain(">  shop.t150");
  expect(selectedTask({ tasks, selected: "gone" })).toMatchObject({ at: 0 });
});

it("shows nothing that would steer the terminal", () => {
  const hostile = task("a\u001b[2J", { name: "x\u0007\u001b]0;owned\u0007" });
  const text = picture({ ...empty, tasks: [hostile], isOpen: true }, screen).join("\n");
  for (const sign of ["\u0007", "\u001b"]) expect(text).not.toContain(sign);
});

it("reads keys, several at once", () => {
  expect(keysOf("\u001b[B\rq")).toEqual(["down", "enter", "q"]);
  expect(keysOf("\u001b")).toEqual(["escape"]);
  expect(keysOf("\u0003\u001b[5~k")).toEqual(["interrupt", "\u001b[5~", "k"]);
});
