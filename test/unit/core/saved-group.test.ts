/** A saved group: Celery's own words, held against captures of the real one. */
import { describe, expect, it } from "vitest";
import { handleOf } from "../../../packages/core/src/result-tree.ts";
import { groupRecord, readGroup } from "../../../packages/core/src/saved-group.ts";
import { golden } from "../../support/golden.ts";
import { resultsWorld } from "../../support/results.ts";

const settings = { resultExpires: "1d", resultSerializer: "json" } as const;
const prefix = "celery-taskset-meta-";
const saved = golden("results-redis").flatMap(({ name, stored }) =>
  stored
    .filter(({ key, text }) => key.startsWith(prefix) && text.startsWith("{"))
    .map(({ key, text, expires }) => ({ name, id: key.slice(prefix.length), text, expires })),
);

describe("a saved group", () => {
  it.each(saved)("of Celery is read, and written as Celery writes it: $name", async ({ id, text, expires }) => {
    const tuple = readGroup(id, text);
    const record = groupRecord(settings, id, tuple);
    expect(JSON.parse(record.text)).toEqual(JSON.parse(text));
    expect([record.groupId, record.expiresMs]).toEqual([id, expires! * 1_000]);
    // Through the handle it comes back the same, parents and groups within it included.
    const { source, backend } = resultsWorld();
    const group = handleOf(source, tuple) as ReturnType<typeof handleOf> & { save(): Promise<void> };
    await group.save();
    expect(JSON.parse((await backend.restoreGroup(id)) ?? "")).toEqual(JSON.parse(text));
  });

  it("is kept for ever where results are, and in msgpack where they are", () => {
    const record = groupRecord({ resultExpires: null, resultSerializer: "msgpack" }, "g", [["g", null], []]);
    expect(record.expiresMs).toBeNull();
    expect(record.content?.contentType).toBe("application/x-msgpack");
  });

  it.each(["", "5", "null", '{"result": null}', '{"result": [["g", null], null]}', '{"result": ["g"]}'])("is not %j", (text) => {
    expect(() => readGroup("g", text)).toThrow(expect.objectContaining({ code: "RESULT_UNREADABLE" }));
  });
});
