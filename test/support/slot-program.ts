/** A process of its own that takes a slot and holds it until it is killed: `<coordinator url> <key> <limit>`. It writes "held". */
import { openCoordinator } from "../../packages/core/src/open.ts";
import { driverContext } from "./driver-context.ts";

const [coordinator = "", key = "", limit = "1"] = process.argv.slice(2);
const opened = await openCoordinator({ url: coordinator, access: { ssl: false } }, driverContext());
const slot = await opened.slots(key, Number(limit));
process.stdout.write(slot === null ? "none\n" : "held\n");
setInterval(() => {}, 60_000);
