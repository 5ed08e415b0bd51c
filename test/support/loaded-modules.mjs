/** For `node --import`: writes "loaded <path or URL>" to stdout for each module that an import or a require() loads. */
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
  for (const path of Object.keys(cache)) writeSync(1, `loaded ${path}\n`);
});
