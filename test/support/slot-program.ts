/** A process of its own that takes a slot and holds it until it is killed: `<coordinator url> <key> <limit>`. It writes "held". */
import { resolveSettings } from "@celeriac/core/runtime";
import { settingTable } from "../../packages/core/src/config.ts";
import { openCoordinator } from "../../packages/core/src/open.ts";
import { driverContext } from "./driver-context.ts";

const [coordinator = "", key = "", limit = "1"] = process.argv.slice(2);
const opened = await openCoordinator(resolveSettings(settingTable, { coordinator }), driverContext());
const slot = await opened!.slots(key, Number(limit));
process.stdout.write(slot === null ? "none\n" : "held\n");
setInterval(() => {}, 60_000);
