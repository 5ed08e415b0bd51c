/** The SQLite result backend against the suite of all backends. */
import { createSqliteBackend } from "../../packages/core/src/backends/sqlite.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";
import { describeBackend } from "./backend-suite.ts";

describeBackend("SQLite", async () => {
  const file = await createSqliteFile();
  return { shared: true, open: () => createSqliteBackend(file.url, file.nextContext()), close: () => file.remove() };
});
