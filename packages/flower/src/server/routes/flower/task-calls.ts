/** Tasks that are sent through the API, and how they ended. */
import type { FastifyInstance, FastifyReply } from "fastify";
import type { MonitorParts } from "../../parts.ts";
import { argumentsOf, jsonOf } from "../../request-body.ts";
import { sendJson } from "../../server.ts";
import { changesEmpty, readsEmpty, tailOf } from "./access.ts";

export function taskCallRoutes(server: FastifyInstance, { actions: { sending, revoking } }: MonitorParts): void {
  const applies = changesEmpty("apply");

  server.post("/api/task/apply/*", applies, async (request, reply) =>
    sendJson(reply, await sending.applyAndWait(tailOf(request), jsonOf(request), goneBefore(reply))),
  );
  server.post("/api/task/async-apply/*", applies, async (request, reply) =>
    sendJson(reply, await sending.apply(tailOf(request), jsonOf(request))),
  );
  server.post("/api/task/send-task/*", applies, async (request, reply) =>
    sendJson(reply, await sending.send(tailOf(request), jsonOf(request))),
  );
  server.get("/api/task/result/*", readsEmpty, async (request, reply) => {
    const timeout = (await argumentsOf(request)).number("timeout");
    return sendJson(reply, await sending.result(tailOf(request), timeout, goneBefore(reply)));
  });
  server.post("/api/task/abort/*", changesEmpty("abort"), async (request, reply) => {
    const id = tailOf(request);
    await revoking.abort(id);
    return sendJson(reply, { message: `Aborted '${id}'` });
  });
}

/** Aborts when who asked has gone before the answer: nobody waits for what nobody will read. */
function goneBefore({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) gone.abort(new Error("The client has gone"));
  });
  return gone.signal;
}
