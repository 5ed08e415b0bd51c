/** `celeriac report`: what an app and its surroundings are made of, to be shown to who helps. */
import { reportOf, reportText } from "@celeriac/core/runtime";
import type { CommandArguments } from "../command-table.ts";
import { exitCode } from "../exit-code.ts";
import { isInEnvironment, loadAppOrNone } from "../load-app.ts";
import type { Output } from "../output.ts";
import { writeBundle } from "../report-bundle.ts";

/** Resolves with the exit code. Throws COMMAND_USAGE, CONFIG_*, APP_NOT_FOUND. */
export async function report({ common, options }: CommandArguments<"report">, output: Output): Promise<number> {
  const brokerKnown = common.broker !== null || isInEnvironment("CELERY_BROKER_URL");
  const { app, runtime } = await loadAppOrNone(common.app, process.cwd(), brokerKnown);
  try {
    await runtime.loadIncludes();
    const found = reportOf(runtime);
    if (options.bundle === null) {
      output.result(reportText(found), found);
      return exitCode.done;
    }
    const files = await writeBundle(options.bundle, found, runtime);
    output.result(options.bundle, { folder: options.bundle, files });
    output.remark(`Written: ${files.join(", ")}. Passwords are stars; read it before you give it away all the same.`);
    return exitCode.done;
  } finally {
    await app.close();
  }
}
