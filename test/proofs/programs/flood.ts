/** A producer without mercy: `flood.ts <broker> <seconds> <in flight>` sends tasks as fast as they are taken, and prints one line of JSON. */
import { createApp } from "@celeriac/core";
import type { late } from "../../programs/fault/app.ts";
import { machineMs } from "../../programs/machine-clock.ts";

export interface FloodReport {
  readonly sent: number;
  readonly errors: readonly string[];
}

const [broker = "", seconds = "1", inFlight = "1"] = process.argv.slice(2);
const app = createApp("flood", { broker });
const task = app.declare<typeof late>("fault.late");
await app.connect();
const until = performance.now() + Number(seconds) * 1_000;
const errors: string[] = [];
let sent = 0;

async function lane(number: number): Promise<void> {
  while (performance.now() < until) {
    try {
      await task.applyAsync([machineMs()], { queue: "flood", ignoreResult: number % 2 === 0 });
      sent++;
    } catch (error) {
      errors.push(String(error));
    }
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, (_, number) => lane(number)));
await app.close();
console.log(JSON.stringify({ sent, errors } satisfies FloodReport));
