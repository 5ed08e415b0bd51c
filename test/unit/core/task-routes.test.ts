import { describe, expect, it } from "vitest";
import { createRouteLookup, type TaskRoutes, taskRoutesSetting } from "../../../packages/core/src/task-routes.ts";

const setting = taskRoutesSetting("");
const ask = (routes: TaskRoutes, name: string) =>
  createRouteLookup(routes, () => {})?.(name, [1], { k: 2 }, { countdown: 3 }, undefined) ?? null;
const refusal = (routes: unknown) => {
  try {
    return setting.read(routes);
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("a table of routes", () => {
  const table: TaskRoutes = {
    "shop.*": "shop",
    "shop.mail.send": { queue: "mail", priority: 3 },
    "shop.mail.*": { queue: "never reached" },
    "img.?.resize*": "glob",
    "[xy]*": "class",
    "[!a-w]*": "others",
  };

  it.each([
    ["shop.mail.send", { queue: "mail", priority: 3 }],
    ["shop.mail.drop", { queue: "shop" }],
    ["shop.", { queue: "shop" }],
    ["xshop.a", { queue: "class" }],
    ["zoo", { queue: "others" }],
    ["img.a.resize.big", { queue: "glob" }],
    ["img.ab.resize", null],
    ["shopping", null],
  ])("sends %s where the exact name, else the first glob says", (name, route) => {
    expect(ask(table, name)).toEqual(route);
  });

  it("takes a name with signs of regular expressions for what it is", () => {
    expect(ask({ "a+b.*": "q" }, "a+b.c")).toEqual({ queue: "q" });
    expect(ask({ "a+b.*": "q" }, "aab.c")).toBeNull();
  });

  it("takes pairs with regular expressions, which are tried at the name's start whatever their flags", () => {
    const pairs: TaskRoutes = [
      [
        [/(video|image)\.tasks/g, { queue: "media" }],
        [/AUDIO/iy, "audio"],
      ],
    ];
    for (let time = 0; time < 2; time += 1) expect(ask(pairs, "video.tasks.cut")).toEqual({ queue: "media" });
    expect(ask(pairs, "audio.cut")).toEqual({ queue: "audio" });
    expect(ask(pairs, "my.video.tasks")).toBeNull();
  });
});

describe("routers in a list", () => {
  it("are asked in order, and the first that says something decides", () => {
    const routes: TaskRoutes = [
      (name) => (name === "a" ? "by function" : null),
      { a: "by table", "b*": "b" },
      () => ({ queue: "the rest" }),
    ];
    expect(["a", "b1", "c"].map((name) => ask(routes, name))).toEqual([{ queue: "by function" }, { queue: "b" }, { queue: "the rest" }]);
  });

  it("are told name, arguments, options and task", () => {
    const asked: unknown[] = [];
    const lookup = createRouteLookup(
      (...told) => {
        asked.push(...told);
        return undefined;
      },
      () => {},
    )!;
    const task = { name: "t", options: { queue: "q" } };
    expect(lookup("t", [1], { k: 2 }, { priority: 3 }, task)).toBeNull();
    expect(asked).toEqual(["t", [1], { k: 2 }, { priority: 3 }, task]);
  });
});

describe("what is no route", () => {
  it.each([
    [7, undefined],
    ["mail", undefined],
    [["mail"], "CONFIG_INVALID"],
    [[["a", "b"]], "CONFIG_INVALID"],
    [[[["a"]]], "CONFIG_INVALID"],
    [{ a: null }, "CONFIG_INVALID"],
    [{ a: { queue: "" } }, "CONFIG_INVALID"],
    [{ a: { queue: 1 } }, "CONFIG_INVALID"],
    [{ a: { priority: 10 } }, "CONFIG_INVALID"],
    [{ a: { queu: "b" } }, "CONFIG_UNKNOWN"],
  ])("is refused when the app is made: %j", (routes, code) => {
    expect(refusal(routes)).toBe(code);
  });

  it("is refused when a function gives it, with the task's name", () => {
    expect(() => ask(() => ({ queue: 7 }) as never, "shop.mail")).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("shop.mail") }),
    );
  });
});
