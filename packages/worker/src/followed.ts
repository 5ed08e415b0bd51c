/** A run as those see it who follow it: its next attempt, callbacks, error callbacks, the next step of its chain. */
import { type Body, decodeBody, type Followed, type TaskHeaders } from "@celeriac/core/runtime";
import type { Run } from "./run.ts";

/** Throws MESSAGE_UNDECODABLE, CONTENT_REFUSED for a body that was not decoded before. */
export function followedOf(run: Run, headers: TaskHeaders, body: Body = decodeBody(run.body, run.contentType)): Followed {
  const { queue, priority, replyTo } = run;
  return { headers, rawHeaders: run.headers, body, rawBody: run.body, queue, priority, replyTo };
}
