/** Who carries out which command. */
import type { ApplicableName, Commands } from "./command.ts";
import { limitCommands } from "./limit-commands.ts";
import { poolCommands } from "./pool-commands.ts";
import { queueCommands } from "./queue-commands.ts";
import { revokeCommands } from "./revoke-commands.ts";
import { stateCommands } from "./state-commands.ts";
import { taskCommands } from "./task-commands.ts";
import { tellingCommands } from "./telling-commands.ts";

export const commands: Commands<ApplicableName> = {
  ...stateCommands,
  ...taskCommands,
  ...tellingCommands,
  ...revokeCommands,
  ...poolCommands,
  ...queueCommands,
  ...limitCommands,
  shutdown: (desk) => desk.shutDown(),
};
