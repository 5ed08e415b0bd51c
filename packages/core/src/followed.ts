/** A run as those see it who follow it: its next attempt, callbacks, error callbacks, the next step of its chain. */
import type { AppRuntime } from "./app-runtime.ts";
import type { Followed } from "./follow-up.ts";
import { type Body, decodeBody } from "./message.ts";
import type { Run } from "./run.ts";
import type { TaskHeaders } from "./task-headers.ts";

export function followedOf(run: Run, headers: TaskHeaders, body: Body): Followed {
  const { contentType, queue, priority, replyTo } = run;
  return { headers, rawHeaders: run.headers, body, rawBody: run.body, contentType, queue, priority, replyTo };
}

/** Of a run whose executor could not tell. Throws MESSAGE_UNDECODABLE, CONTENT_REFUSED. */
export function readFollowed({ contentRules }: AppRuntime, run: Run, headers: TaskHeaders): Followed {
  return followedOf(run, headers, decodeBody(run, contentRules));
}
