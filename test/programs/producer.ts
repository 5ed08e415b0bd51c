/**
 * A program that sends tasks and closes nothing, for tests that want it to end by itself: `<broker URL> <what it does last>`. It writes
 * "done" when it has nothing more to do.
 */
import { createApp } from "@celeriac/core";

const [url = "", last = ""] = process.argv.slice(2);
const app = createApp("producer", { broker: url });
const handle = await app.sendTask("nobody.runs.this", [1]);
switch (last) {
  case "send":
    break;
  case "look":
    await handle.snapshot();
    break;
  case "wait":
    await handle.get({ timeout: "200ms" }).catch(({ code }: { code: string }) => console.log(code));
    break;
  case "watch":
    for await (const _ of handle.watch()) break;
    break;
  case "ask":
    await app.control.broadcast("enable_events");
    console.log(await app.control.ping({ timeout: "50ms" }));
    break;
  case "refuse":
    await app.sendTask("t", [() => 1]).catch(({ code }: { code: string }) => console.log(code));
    break;
  default:
    throw new Error(`Unknown end ${last}`);
}
console.log("done");
