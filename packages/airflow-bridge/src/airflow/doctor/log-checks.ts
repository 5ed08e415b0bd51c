/** The doctor's look at what the web server needs to read logs of tasks that ran here, and at the other secrets of Airflow. */

import { lookup } from "node:dns/promises";
import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { reasonOf } from "@celeriac/core/runtime";
import type { AirflowConfig } from "../config.ts";
import type { AirflowWorkerConfig } from "../worker-config.ts";
import { bad, doubtful, type Finding, good } from "./finding.ts";

export function checkSecretKeys(config: AirflowConfig, major: number): Finding {
  const what = "secret keys";
  const [section, server] = major >= 3 ? ["api", "api server"] : ["webserver", "web server"];
  const missing = [
    config.text(section, "secret_key") === null ? `[${section}] secret_key` : null,
    config.text("core", "fernet_key") === null ? "[core] fernet_key" : null,
  ].filter((key) => key !== null);
  if (missing.length === 0)
    return good(what, `[${section}] secret_key and [core] fernet_key are set; whether to the ${server}'s, only a log tells`);
  return doubtful(
    what,
    `not set: ${missing.join(", ")}`,
    `Set what the ${server} has: without the first it is given no logs, without the second encrypted connections cannot be read.`,
  );
}

export async function checkLogFolder({ logs: { folder } }: AirflowWorkerConfig): Promise<Finding> {
  const what = "logs";
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return good(what, folder);
  } catch (error) {
    return bad(what, `${folder}: ${reasonOf(error)}`, "Tasks write their logs there: [logging] base_log_folder.");
  }
}

/** Whether others know the name cannot be seen from here; where not even this machine does, they will not either. */
export async function checkHostname(hostname: string, { logs: { address } }: AirflowWorkerConfig): Promise<Finding> {
  const what = "hostname";
  const remedy = `The web server asks http://${hostname}${address}/log/… for logs: give the machine a name that it knows, or set [core] hostname_callable to airflow.utils.net.get_host_ip_address.`;
  try {
    const found = await lookup(hostname, { all: true });
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const reached = found.find((each) => own.some((mine) => mine.address === each.address && !mine.internal));
    if (reached !== undefined) return good(what, `${hostname} is ${reached.address}`);
    const addresses = found.map((each) => each.address).join(", ");
    return doubtful(what, `${hostname} is ${addresses}, which is no address of this machine that others reach`, remedy);
  } catch (error) {
    return doubtful(what, `${hostname} is not known here: ${reasonOf(error)}`, remedy);
  }
}
