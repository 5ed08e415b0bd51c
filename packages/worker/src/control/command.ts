/** What carries a command out: one function for each row of core's table that has something to do here. */
import type { RemoteArguments, RemoteCommandName, remoteCommands } from "@celeriac/core/runtime";
import type { Desk } from "./desk.ts";

/** Commands that are more than their name here. */
export type ApplicableName = {
  [C in RemoteCommandName]: (typeof remoteCommands)[C] extends { readonly notApplicable: string } ? never : C;
}[RemoteCommandName];

/** Returns the answer, as Celery's workers give it: `{ok}` of a command that changes something, else what was asked for. Throws what becomes `{error}`. */
export type Commands<C extends ApplicableName> = { readonly [K in C]: (desk: Desk, args: RemoteArguments<K>) => unknown };
