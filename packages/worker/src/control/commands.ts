/** Who carries out which command. */
import type { ApplicableName, Commands } from "./command.ts";
import { eventCommands } from "./event-commands.ts";
import { poolCommands } from "./pool-commands.ts";
import { revokeCommands } from "./revoke-commands.ts";
import { stateCommands } from "./state-commands.ts";
import { taskCommands } from "./task-commands.ts";

export const commands: Commands<ApplicableName> = {
  ...stateCommands,
  ...taskCommands,
  ...eventCommands,
  ...revokeCommands,
  ...poolCommands,
  shutdown: (desk) => desk.shutDown(),
};
