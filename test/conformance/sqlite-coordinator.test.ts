/** The SQLite coordinator against the suite of all coordinators. */
import { createSqliteCoordinator } from "../../packages/core/src/coordinators/sqlite.ts";
import { createSqliteFile } from "../support/sqlite-file.ts";
import { describeCoordinator } from "./coordinator-suite.ts";

describeCoordinator("SQLite", async () => {
  const file = await createSqliteFile();
  return { open: () => createSqliteCoordinator(file.url, file.nextContext()), url: file.url, close: () => file.remove() };
});
