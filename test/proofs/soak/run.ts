/** `npm run soak`: two workers under load for a long time. Prints the table, and ends with 1 when a bound is missed. Brings up its own server. */
import { parseArgs } from "node:util";
import { build } from "../../support/built.ts";
import { installWhatIsMissing } from "../../support/install.ts";
import { prove, tellProven } from "../prove.ts";
import { type SoakBroker, soakPlaces } from "./places.ts";
import { soak } from "./soak.ts";

const brokers = Object.keys(soakPlaces) as SoakBroker[];
const usage = `npm run soak -- [options]
  --broker   ${brokers.join(" | ")}    (redis)
  --minutes  how long    (15)
  --rate     tasks a second    (500)
  --out      page.md    puts the table into that page`;

async function main(): Promise<number> {
  const { broker, minutes, rate, out } = parseArgs({
    options: {
      broker: { type: "string", default: "redis" },
      minutes: { type: "string", default: "15" },
      rate: { type: "string", default: "500" },
      out: { type: "string" },
    },
  }).values;
  const known = brokers.find((name) => name === broker);
  if (known === undefined || !(Number(minutes) > 0) || !(Number(rate) > 0)) {
    console.error(usage);
    return 2;
  }
  installWhatIsMissing();
  build();
  return tellProven([await prove(soak({ broker: known, minutes: Number(minutes), rate: Number(rate) }))], out ?? null);
}

process.exitCode = await main();
