/** Writes down who changed what, and who was not let: every request to a route that changes something, when it was answered. */
import { type Clock, type Logger, reasonOf } from "@celeriac/core/runtime";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { AuditEntry } from "../history/history.ts";
import { isChange } from "./guard.ts";
import { createRateWindow } from "./rate-window.ts";
import type { Redactor } from "./redaction.ts";

export interface AuditParts {
  readonly note: (entry: AuditEntry) => Promise<void>;
  readonly redactor: Redactor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A flood of what is refused anyway must not push out what was done. */
const mostRefusals = 60;
const minuteMs = 60_000;
const longestText = 1_024;

export function audit(server: FastifyInstance, { note, redactor, clock, logger }: AuditParts): void {
  const reasons = new WeakMap<FastifyRequest, string>();
  const refused = createRateWindow(clock, mostRefusals, minuteMs);
  server.addHook("onError", async (request, _reply, error) => {
    reasons.set(request, reasonOf(error));
  });
  server.addHook("onResponse", async (request, reply) => {
    const action = request.routeOptions.config.access?.action ?? null;
    if (action === null || !isChange(request)) return;
    const failed = reply.statusCode >= 400;
    if (failed && refused.waitMs(request.ip) > 0) return;
    if (failed) refused.count(request.ip);
    const entry: AuditEntry = {
      at: clock.now() / 1000,
      user: request.asker?.user ?? "anonymous",
      address: request.ip,
      action,
      target: Object.values(request.params as Readonly<Record<string, string>>)
        .join(" ")
        .slice(0, longestText),
      refusal: failed ? (reasons.get(request) ?? `status ${reply.statusCode}`).slice(0, longestText) : null,
      details: sent(request, redactor),
    };
    await note(entry).catch((error: unknown) => logger.warn("audit-not-written", { action, user: entry.user, reason: reasonOf(error) }));
  });
}

/** Bodies are bytes here: text of JSON, or of a form. */
function sent({ query, body }: FastifyRequest, redactor: Redactor): Readonly<Record<string, unknown>> {
  const text = Buffer.isBuffer(body) ? redactor.text(body.toString("utf8")).slice(0, longestText) : "";
  return {
    ...(Object.keys(query as object).length === 0 ? {} : { query: redactor.value(query) }),
    ...(text === "" ? {} : { body: text }),
  };
}
