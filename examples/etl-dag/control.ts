/** DAGs that are no code: each stream in the tables is one, and its processes are the scripts in `processes/`, and whatever else the rows say. */
import { createApp } from "celeriac";
import { dagsFromTables } from "celeriac/dag";

export const app = createApp("control");

dagsFromTables(app, {
  url: process.env["CONTROL_URL"] ?? "sqlite://./control.db",
  scripts: new URL("./processes/", import.meta.url),
});
