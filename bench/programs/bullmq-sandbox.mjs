/** What BullMQ loads into each of its child processes. */
import { run } from "./noop.mjs";

// biome-ignore lint/style/noDefaultExport: BullMQ calls the default export
export default async function runInChild(sent) {
  return run(sent.name, sent.data.value);
}
