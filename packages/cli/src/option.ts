/** What an option of a command is: a setting, as every package's options are, with the spelling it has on a command line. */
import { type Duration, durationMs, parseInstant, type Setting } from "@celeriac/core/runtime";

export interface OptionRow<T = unknown> {
  /** its kind, default, environment variable and line of doc */
  readonly setting: Setting<T>;
  /** one letter, without the dash */
  readonly alias: string | null;
  /** how its value is called in the help; null: it takes none */
  readonly value: string | null;
  /** The command looks itself for what the line does not say, in a file or the environment: it is told undefined then. */
  readonly isOwn?: true;
}

export type OptionTable = Readonly<Record<string, OptionRow>>;
export type OptionValues<T extends OptionTable> = { readonly [K in keyof T]: T[K] extends OptionRow<infer V> ? V : never };

export function option<T>(setting: Setting<T>, value: string | null, alias: string | null = null): OptionRow<T> {
  return { setting, value, alias };
}

export function ownOption<T>(setting: Setting<T>, value: string | null): OptionRow<T | undefined> {
  return { setting, value, alias: null, isOwn: true };
}

/** resultBackend → --result-backend */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The words that give these values: the way back from a read command line. */
export function wordsOf(table: OptionTable, values: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(table).flatMap(([name, { setting, value }]) => {
    const given = values[name];
    if (given === undefined || given === setting.default) return [];
    if (value === null) return given === true ? [flagOf(name)] : [];
    return [flagOf(name), Array.isArray(given) ? given.join(",") : String(given)];
  });
}

/** JSON that `fits`; null when it is not given. */
export function jsonSetting<T>(kind: string, doc: string, fits: (value: unknown) => value is T): Setting<T | null> {
  return {
    kind,
    default: null,
    doc,
    read(value) {
      try {
        const parsed: unknown = JSON.parse(String(value));
        return fits(parsed) ? parsed : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

export function instantSetting(doc: string): Setting<Date | null> {
  return {
    kind: 'instant, such as "2030-01-01T08:00:00Z"',
    default: null,
    doc,
    read(value) {
      const epochMs = parseInstant(String(value));
      return epochMs === null ? undefined : new Date(epochMs);
    },
  };
}

export function deadlineSetting(doc: string): Setting<Duration | Date | null> {
  const { read: readInstant } = instantSetting(doc);
  return {
    kind: "duration or instant",
    default: null,
    doc,
    read(value) {
      const instant = readInstant(value);
      if (instant !== undefined) return instant;
      durationMs(String(value), "value");
      return String(value) as Duration;
    },
  };
}
