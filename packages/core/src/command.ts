/**
 * The commands of remote control: one table, under the names that Celery gives them on the wire. From it come the types of their arguments, their
 * validation, `celeriac inspect` and `celeriac control`, and docs/reference/control.md. Its rows lie by subject in `commands/`; workers carry them
 * out (`worker/src/control`), by the same subjects.
 */
import type { ArgumentValues } from "./command-argument.ts";
import type { RemoteCommandRow } from "./command-row.ts";
import { limitCommands } from "./commands/limit.ts";
import { poolCommands } from "./commands/pool.ts";
import { queueCommands } from "./commands/queue.ts";
import { revokeCommands } from "./commands/revoke.ts";
import { stateCommands } from "./commands/state.ts";
import { taskCommands } from "./commands/task.ts";
import { tellingCommands } from "./commands/telling.ts";

export const remoteCommands = {
  ...stateCommands,
  ...taskCommands,
  ...revokeCommands,
  ...limitCommands,
  ...poolCommands,
  ...queueCommands,
  ...tellingCommands,
} as const satisfies Readonly<Record<string, RemoteCommandRow>>;

export type RemoteCommandName = keyof typeof remoteCommands;
type NamesOf<K extends RemoteCommandRow["kind"]> = {
  [C in RemoteCommandName]: (typeof remoteCommands)[C]["kind"] extends K ? C : never;
}[RemoteCommandName];
export type InspectName = NamesOf<"inspect">;
export type ControlName = NamesOf<"control">;

/** What a command is carried out with; what was not given is null. */
export type RemoteArguments<C extends RemoteCommandName> = ArgumentValues<(typeof remoteCommands)[C]["args"]>;

const byName: ReadonlyMap<string, RemoteCommandName> = new Map(
  Object.entries<RemoteCommandRow>(remoteCommands).flatMap(([name, { aliases = [] }]) =>
    [name, ...aliases].map((each) => [each, name as RemoteCommandName] as const),
  ),
);

/** The command that a name on the wire stands for. */
export function remoteCommandOf(name: string): RemoteCommandName | undefined {
  return byName.get(name);
}
