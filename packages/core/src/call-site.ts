/** Which module called: tells a task's home, and where an app's executors load it from. */
import { pathToFileURL } from "node:url";

/** URL of the first module up the stack that is not one of `ours` (URL prefixes); null when there is none. */
export function callerModule(ours: string): string | null {
  const limit = Error.stackTraceLimit;
  const format = Error.prepareStackTrace;
  try {
    Error.stackTraceLimit = 30;
    Error.prepareStackTrace = (_error, sites) => sites;
    const sites = new Error().stack as unknown as readonly NodeJS.CallSite[];
    for (const site of sites) {
      const file = site.getFileName();
      if (file === null || file === undefined || file.startsWith("node:")) continue;
      const url = file.startsWith("file:") ? file : pathToFileURL(file).href;
      if (!url.startsWith(ours)) return url.split("?")[0] ?? url;
    }
    return null;
  } finally {
    Error.stackTraceLimit = limit;
    Error.prepareStackTrace = format;
  }
}
