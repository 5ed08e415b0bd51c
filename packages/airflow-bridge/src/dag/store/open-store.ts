/** From a URL to the store behind it; drivers are loaded when they are needed. */
import { existsSync } from "node:fs";
import { ConfigError, memoryPath, redactUrl, sqliteFilePath } from "@celeriac/core/runtime";
import type { DagStore } from "./store.ts";
import type { StoreContext } from "./store-context.ts";

/** A store in the memory of who opens it, and gone with it. */
export const memoryStore = memoryPath;

/** false: it is a file that nobody has made yet, which who only looks does not make either */
export function isStoreThere(url: string): boolean {
  return !/^(?:db\+)?sqlite:/i.test(url) || existsSync(sqliteFilePath(url));
}

/** `url`: sqlite://, db+postgresql://, or `memoryStore`. Throws CONFIG_URL. Connects nothing yet. */
export async function openDagStore(url: string, context: StoreContext): Promise<DagStore> {
  if (url === memoryStore) return (await import("./sqlite.ts")).createSqliteStore(memoryPath, context);
  if (/^(?:db\+)?sqlite:/i.test(url)) return (await import("./sqlite.ts")).createSqliteStore(sqliteFilePath(url), context);
  if (/^(?:db\+)?postgres(?:ql)?(?:\+\w+)?:/i.test(url)) return (await import("./postgres.ts")).createPostgresStore(url, context);
  throw new ConfigError("CONFIG_URL", `DAG store ${JSON.stringify(redactUrl(url))}: expected sqlite:// or db+postgresql://`);
}
