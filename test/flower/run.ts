/** `npm run test:interop -- flower`: the newest original Flower, of the package index, watches and changes our worker. A line for each scenario; ends with 1 when one failed, with 69 when no package index answers. */
import { build } from "../support/built.ts";
import { installWhatIsMissing } from "../support/install.ts";
import { NoPackageIndex, newestFlower } from "./environment.ts";
import { scenarios } from "./scenarios.ts";
import { openStage } from "./stage.ts";

const noIndex = 69;
const limitMs = 60_000;

async function main(): Promise<number> {
  installWhatIsMissing();
  build();
  const environment = newestFlower();
  const stage = await openStage(environment);
  let failed = 0;
  try {
    for (const [name, play] of Object.entries(scenarios)) {
      const told = stage.log().length;
      const beganAt = performance.now();
      const why = await Promise.race([play(stage), late()]).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      const seconds = ((performance.now() - beganAt) / 1_000).toFixed(1);
      console.log(
        `${name} ${environment.version} ${why === null ? "pass" : "fail"} ${seconds}s${why === null ? "" : `\n${why}\n${stage.log().slice(told)}`}`,
      );
      if (why !== null) failed += 1;
    }
  } finally {
    await stage.close();
  }
  return failed === 0 ? 0 : 1;
}

function late(): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(`not over after ${limitMs} ms`)), limitMs).unref());
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof NoPackageIndex)) throw error;
  console.error(`No package index answers, so no Flower can be installed: ${error.message}`);
  process.exitCode = noIndex;
}
