/** Settings that say which contents are read. */
import { serializerOf } from "../content.ts";
import { serializerNames } from "../serializer.ts";
import { namesSetting, type Setting } from "../setting.ts";

/** A project that asks for more, pickle say, must know that it will not get it. */
export const contentSetting = (doc: string): Setting<readonly string[]> => ({
  ...namesSetting(["json"], doc),
  kind: `list of ${serializerNames.map((name) => JSON.stringify(name)).join(", ")} or their content types`,
  read(value) {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    return value.every((item) => typeof item === "string" && serializerOf(item) !== undefined) ? Object.freeze([...value]) : undefined;
  },
});

export const resultContentSetting = (doc: string): Setting<readonly string[] | null> => {
  const { kind, read } = contentSetting(doc);
  return { kind, default: null, doc, read: (value) => (value === null ? null : read(value)) };
};
