import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  choiceSetting,
  countSetting,
  durationSetting,
  flagSetting,
  namesSetting,
  resolveSettings,
  snakeCase,
  textSetting,
  unknownName,
} from "../../../packages/core/src/setting.ts";

const table = {
  brokerUrl: textSetting("sqlite://./a.db", "Where tasks wait.", { env: "X_BROKER_URL", secret: true }),
  nodeName: textSetting(null, "Its name."),
  publishTimeout: durationSetting("10s", "How long it tries."),
  resultExpires: durationSetting("1d", "How long it is kept.", { nullable: true }),
  timeLimit: durationSetting(null, "How long it may run."),
  acksLate: flagSetting(true, "When it is acknowledged."),
  concurrency: countSetting(null, [1, 100], "How many."),
  slots: countSetting(1, [1, 10], "How many each."),
  durability: choiceSetting(["full", "process"], "full", "What it survives."),
  queues: namesSetting([], "Which."),
} as const;
const resolve = (given: Readonly<Record<string, unknown>>) => resolveSettings(table, given);

describe("a table of settings", () => {
  it("gives the defaults where nothing is given, or undefined", () => {
    const defaults = {
      brokerUrl: "sqlite://./a.db",
      nodeName: null,
      publishTimeout: "10s",
      resultExpires: "1d",
      timeLimit: null,
      acksLate: true,
      concurrency: null,
      slots: 1,
      durability: "full",
      queues: [],
    };
    expect(resolve({})).toEqual(defaults);
    expect(resolve(Object.fromEntries(Object.keys(defaults).map((name) => [name, undefined])))).toEqual(defaults);
  });

  it("takes each name in camelCase and in snake_case", () => {
    const given = { brokerUrl: "redis://h", publishTimeout: 5, acksLate: false, slots: 3, durability: "process", queues: ["a", "b"] };
    const snake = Object.fromEntries(Object.entries(given).map(([name, value]) => [snakeCase(name), value]));
    expect(Object.keys(snake)).toContain("publish_timeout");
    expect(resolve(snake)).toEqual(resolve(given));
    expect(resolve(given)).toMatchObject(given);
  });

  it("is resolved once and frozen", () => {
    const names = ["a"];
    const settings = resolve({ queues: names });
    names.push("b");
    expect(settings.queues).toEqual(["a"]);
    expect([Object.isFrozen(settings), Object.isFrozen(settings.queues)]).toEqual([true, true]);
  });

  it.each([
    ["brokerURL", "brokerUrl"],
    ["broker_uri", "broker_url"],
    ["durabilty", "durability"],
    ["acks_laet", "acks_late"],
  ])("names the nearest known setting for %s", (written, near) => {
    expect(() => resolve({ [written]: "x" })).toThrow(
      expect.objectContaining({ code: "CONFIG_UNKNOWN", message: `Unknown setting "${written}": did you mean "${near}"?` }),
    );
  });

  it("refuses a name that is near to none", () => {
    for (const name of ["workerPoolRestarts", "constructor", "toString", "__proto__"])
      expect(() => resolve(JSON.parse(`{"${name}": 1}`))).toThrow(
        expect.objectContaining({ code: "CONFIG_UNKNOWN", message: expect.not.stringContaining("mean") }),
      );
    expect(unknownName("flag", "--x", []).message).toBe('Unknown flag "--x"');
  });

  it.each<[string, unknown, string]>([
    ["slots", 0, "Setting slots: expected whole number 1 to 10, got 0"],
    ["slots", 1.5, "Setting slots: expected whole number 1 to 10, got 1.5"],
    ["slots", Number.NaN, "Setting slots: expected whole number 1 to 10, got NaN"],
    ["slots", "many", 'Setting slots: expected whole number 1 to 10, got "many"'],
    ["slots", "", 'Setting slots: expected whole number 1 to 10, got ""'],
    ["slots", null, "Setting slots: expected whole number 1 to 10, got null"],
    ["acks_late", "yes", 'Setting acks_late: expected yes or no, got "yes"'],
    ["durability", "FULL", 'Setting durability: expected one of full, process, got "FULL"'],
    ["queues", "a,b", 'Setting queues: expected list of names, got "a,b"'],
    ["queues", ["a", 1], 'Setting queues: expected list of names, got ["a",1]'],
    ["node_name", 7, "Setting node_name: expected text, got 7"],
    ["node_name", "", 'Setting node_name: expected text, got ""'],
    ["publishTimeout", null, "Setting publishTimeout: expected duration, got null"],
    ["publishTimeout", {}, "Setting publishTimeout: expected duration, got {}"],
  ])("refuses %s %j and says what it expected", (name, value, message) => {
    expect(() => resolve({ [name]: value })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", message }));
  });

  it("names the setting whose duration is misspelt", () => {
    expect(() => resolve({ publish_timeout: "soon" })).toThrow(
      expect.objectContaining({ code: "CONFIG_DURATION", message: expect.stringMatching(/^Setting publish_timeout is "soon": expected/) }),
    );
  });

  it("does not show the value of a secret that it refuses", () => {
    for (const value of [7, ["redis://:canary@host"], { url: "canary" }])
      expect(() => resolve({ brokerUrl: value })).toThrow(
        expect.objectContaining({ message: "Setting brokerUrl: expected text, got a value that cannot be used" }),
      );
  });

  it("can show any value that it refuses", () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    for (const value of [3n, cyclic, Symbol("x"), () => {}, Object.create(null)])
      expect(() => resolve({ slots: value })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("takes null where that is a value of its own", () => {
    expect(resolve({ resultExpires: null, timeLimit: null, nodeName: null, concurrency: null })).toMatchObject({
      resultExpires: null,
      timeLimit: null,
      nodeName: null,
      concurrency: null,
    });
  });

  it("reads the texts of an environment", () => {
    expect(resolve({ slots: "7", concurrency: " 8 ", acksLate: "0", publishTimeout: "90s", timeLimit: "5" })).toMatchObject({
      slots: 7,
      concurrency: 8,
      acksLate: false,
      publishTimeout: "90s",
      timeLimit: "5",
    });
    expect(
      [resolve({ acksLate: "false" }), resolve({ acksLate: "1" }), resolve({ acksLate: "true" })].map(({ acksLate }) => acksLate),
    ).toEqual([false, true, true]);
  });

  it("accepts every number in range and no other", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -5, max: 20 }), fc.double()), (value) => {
        const fits = Number.isInteger(value) && value >= 1 && value <= 10;
        if (fits) expect(resolve({ slots: value }).slots).toBe(value);
        else expect(() => resolve({ slots: value })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
      }),
    );
  });
});
