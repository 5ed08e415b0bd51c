/** The same for each day of January 2012, whose runs the scheduler makes all at once, as it was not there at that time. */
import { dag } from "celeriac/dag";
import { app, drawEtl } from "./dags.ts";

export { app };

const schedule = { startAt: new Date("2012-01-01T00:00:00Z"), endAt: new Date("2012-01-31T00:00:00Z"), catchUp: true };
export const month = dag(app, "month", { ...schedule, schedule: "@daily", maxActiveRuns: 8 }, drawEtl);
