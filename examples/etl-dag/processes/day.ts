/** What the processes have in common: for which day of Seattle a run is, and where days are kept. */
import type { RunContext } from "celeriac/dag";

export const warehouse = new URL("../warehouse/seattle/", import.meta.url);

const seattle = new Intl.DateTimeFormat("en-CA", { timeZone: "America/Los_Angeles", dateStyle: "short" });

/** "2012-03-11", of the run that waits for this one, if there is one. */
export function dayOf({ logicalDate, params }: RunContext): string {
  const asked = params["logicalDate"];
  return seattle.format(typeof asked === "string" ? new Date(asked) : logicalDate);
}
