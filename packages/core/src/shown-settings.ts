/** The settings of an app as they may be shown to people, who may show them to others. */
import { settingTable } from "./config.ts";
import { redact, redactUrl } from "./redact.ts";
import { snakeCase } from "./setting.ts";

/** Under Celery's names, as JSON has them, without secrets; `all`: also those that have their defaults. */
export function shownSettings(settings: Readonly<Record<string, unknown>>, all: boolean): Readonly<Record<string, unknown>> {
  const rows = Object.entries(settingTable).filter(([name, row]) => all || settings[name] !== row.default);
  return Object.fromEntries(
    rows.map(([name, { secret }]) => [snakeCase(name), secret === true ? hidden(settings[name]) : shownJson(settings[name])]),
  );
}

/** Any value, without secrets, as JSON has it: functions and classes as their names. */
export function shownJson(value: unknown): unknown {
  const text = JSON.stringify(redact(value), (_, each: unknown) => (typeof each === "function" ? `<function ${each.name}>` : each));
  return text === undefined ? null : JSON.parse(text);
}

function hidden(value: unknown): unknown {
  if (typeof value === "string") return redactUrl(value);
  return Array.isArray(value) ? value.map(hidden) : value;
}
