/** For `node --import`: writes "loaded <path or URL>" to stdout for each module that an import or a require() loads, and for each native one that any thread did. */
import { writeSync } from "node:fs";
import { createRequire, register } from "node:module";

const hook = `
import { writeSync } from "node:fs";
export function load(url, context, next) {
  writeSync(1, "loaded " + url + "\\n");
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

const { cache } = createRequire(import.meta.url);
process.on("exit", () => {
  // A look at the network interfaces may ask a name server.
  process.report.excludeNetwork = true;
  for (const path of [...Object.keys(cache), ...process.report.getReport().sharedObjects]) writeSync(1, `loaded ${path}\n`);
});
