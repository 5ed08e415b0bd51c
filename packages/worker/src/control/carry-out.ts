/**
 * Carries out the commands of remote control that reach this worker: finds the command, checks its arguments, calls its handler, and makes the
 * answer. What goes wrong is an answer, too: `{error}`, in Celery's words where it has some.
 */
import {
  type ControlRequest,
  nearest,
  type RemoteCommandName,
  type RemoteCommandRow,
  readRemoteArguments,
  reasonOf,
  remoteCommandOf,
  remoteCommands,
} from "@celeriac/core/runtime";
import type { ApplicableName } from "./command.ts";
import { commands } from "./commands.ts";
import type { Desk } from "./desk.ts";

/** The answer; undefined where the command has none. Never rejects. */
export async function carryOut(desk: Desk, { method, arguments: given }: ControlRequest): Promise<unknown> {
  try {
    const name = remoteCommandOf(method);
    return name === undefined ? await carryOutCustom(desk, method, given) : await carryOutOwn(desk, name, given);
  } catch (error) {
    desk.logger.warn("a command of remote control failed", { method, reason: reasonOf(error) });
    return { error: reasonOf(error) };
  }
}

async function carryOutOwn(desk: Desk, name: RemoteCommandName, given: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { args, kind, repeats, notApplicable, answers }: RemoteCommandRow = remoteCommands[name];
  const log = kind === "inspect" || repeats ? desk.logger.debug : desk.logger.info;
  log.call(desk.logger, "remote control", { command: name });
  if (notApplicable !== undefined) return { error: notApplicable };
  const handle = commands[name as ApplicableName] as (desk: Desk, args: unknown) => unknown;
  const answer = await handle(desk, readRemoteArguments(name, args, given));
  return answers === false ? undefined : answer;
}

async function carryOutCustom(desk: Desk, method: string, given: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { hostname, logger, runtime } = desk;
  const custom = runtime.commands.get(method);
  if (custom === undefined) {
    const near = nearest(method, [...Object.keys(remoteCommands), ...runtime.commands.keys()]);
    logger.warn("remote control asked for a command that does not exist", { method, ...(near === null ? {} : { nearest: near }) });
    return { error: `KeyError('${method}')` };
  }
  logger.info("remote control", { command: method });
  return (
    (await custom.run(
      { hostname, queues: desk.consumer()?.queues ?? [], log: logger },
      readRemoteArguments(method, custom.row.args, given),
    )) ?? null
  );
}
