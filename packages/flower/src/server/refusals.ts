/** How whatever went wrong in a route is told to who asked: in the form of the route, with Flower's statuses. */
import { CeleriacError, type Logger, reasonOf } from "@celeriac/core/runtime";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { Refusal, type RefusalForm } from "./access.ts";

interface Told {
  readonly status: number;
  readonly text: string;
  readonly code?: string;
}

const unavailable = "Broker or result backend unavailable";
/** What is wrong with a broker or a backend, and not with what was asked of it. */
const serverFailure = /^(?:BROKER_|BACKEND_|PUBLISH_(?:REJECTED|UNCERTAIN)|CREDENTIALS_)/;

export function refusing(logger: Logger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const told = toldOf(error);
    const fields = { method: request.method, path: request.url, status: told.status, reason: reasonOf(error) };
    if (told.status === 500) logger.error("a request failed", { ...fields, error });
    else if (told.status === 503) logger.warn("a request failed", fields);
    const form = error instanceof Refusal ? error.form : null;
    refuse(reply, form ?? request.routeOptions.config.access?.refusal ?? "text", told);
  };
}

/** Also for who refuses before a route is reached. */
export function refuse(reply: FastifyReply, form: RefusalForm, { status, text, code }: Told): void {
  reply.code(status);
  if (form === "json") reply.send({ error: text, ...(code === undefined ? {} : { code }) });
  else if (form === "empty") reply.removeHeader("content-type").send();
  else reply.header("content-type", "text/html; charset=UTF-8").send(escaped(text));
}

function toldOf(error: unknown): Told {
  if (error instanceof Refusal) return { status: error.status, text: error.message };
  if (CeleriacError.is(error)) {
    if (serverFailure.test(error.code)) return { status: 503, text: unavailable, code: error.code };
    return { status: error.code === "RESULT_DISABLED" ? 503 : 400, text: error.message, code: error.code };
  }
  const { statusCode } = error as Partial<FastifyError>;
  if (typeof statusCode === "number" && statusCode < 500) return { status: statusCode, text: reasonOf(error) };
  return { status: 500, text: "Internal Server Error" };
}

/** It is shown as a page, and may hold what anybody wrote into an address. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
