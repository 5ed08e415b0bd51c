/** Every rule of the house that Biome does not know, in the order in which findings are told. */
import type { Rule } from "./rule.ts";
import { circles } from "./rules/circles.ts";
import { drivers } from "./rules/drivers.ts";
import { fileLength, fileName } from "./rules/file-shape.ts";
import { clockAccess, environmentAccess, hiddenAccess, processAccess } from "./rules/machine-access.ts";
import { monitorSides } from "./rules/monitor-sides.ts";
import { ownDoor } from "./rules/own-door.ts";
import { packageArrows } from "./rules/package-arrows.ts";
import { thirdPartyHomes } from "./rules/third-party-homes.ts";
import { topLevelAwait } from "./rules/top-level-await.ts";

export const rules: readonly Rule[] = [
  packageArrows,
  ownDoor,
  circles,
  drivers,
  thirdPartyHomes,
  monitorSides,
  processAccess,
  environmentAccess,
  clockAccess,
  hiddenAccess,
  topLevelAwait,
  fileLength,
  fileName,
];
