/** What an app takes from the process's environment when its code does not say it; the only place in core that reads it. */
import type { SettingTable } from "./setting.ts";

/** Values of settings that name an environment variable, where it is set. */
export function environmentSettings(table: SettingTable): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, { env }] of Object.entries(table)) {
    const value = env === undefined ? undefined : process.env[env];
    if (value !== undefined && value !== "") found[name] = value;
  }
  return found;
}

export function isProduction(): boolean {
  return process.env["NODE_ENV"] === "production";
}
