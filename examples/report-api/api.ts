/** The API: takes orders for reports, tells how far they are, and serves them. It computes none. */
import { CeleriacError } from "celeriac";
import { type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { firstYear, lastYear, report } from "./report.ts";
import { app, buildReport } from "./tasks.ts";

const api = fastify();
/** Reports this process has ordered: until its task begins, the queue alone knows of an order. */
const ordered = new Set<string>();

const yearBody = {
  type: "object",
  required: ["year"],
  properties: { year: { type: "integer", minimum: firstYear, maximum: lastYear } },
};
const yearSchema = { schema: { body: yearBody } };
type YearRequest = FastifyRequest<{ Body: { year: number } }>;
type IdRequest = FastifyRequest<{ Params: { id: string } }>;

api.post("/reports", yearSchema, async (request: YearRequest, reply) => {
  const { id } = await buildReport.delay(request.body.year);
  ordered.add(id);
  return reply.code(202).send({ id, ...links(request, id) });
});

/** The same without a queue, to compare: the handler computes the report, and the API does nothing else meanwhile. */
api.post("/reports/inline", yearSchema, async (request: YearRequest, reply) => sendCsv(reply, report(request.body.year)));

api.get("/reports/:id", async (request: IdRequest, reply) => {
  const { id } = request.params;
  const snapshot = await find(id);
  if (snapshot === null) return unknown(reply, id);
  const { state, progress } = snapshot;
  return {
    id,
    state,
    ...(progress === undefined ? {} : { progress }),
    ...(state === "SUCCESS" ? { file: links(request, id).file } : {}),
    ...(state === "FAILURE" ? { error: snapshot.error.message } : {}),
  };
});

api.get("/reports/:id/file", async (request: IdRequest, reply) => {
  const { id } = request.params;
  const snapshot = await find(id);
  if (snapshot === null) return unknown(reply, id);
  if (snapshot.state === "SUCCESS") return sendCsv(reply, snapshot.value);
  if (snapshot.state === "FAILURE") return reply.code(500).send({ error: snapshot.error.message });
  return reply
    .code(409)
    .header("retry-after", "1")
    .send({ error: `Report ${id} is not ready yet`, state: snapshot.state });
});

api.setErrorHandler((error: Error & { statusCode?: number; validation?: unknown }, _request, reply) => {
  if (error.validation !== undefined)
    return reply.code(400).send({ error: `Send {"year": …} with a year from ${firstYear} to ${lastYear}: there is data for no other` });
  // The order could not be placed, or the results not be read: the caller may try again.
  if (CeleriacError.is(error)) return reply.code(503).send({ error: error.message, code: error.code });
  return reply.code(error.statusCode ?? 500).send({ error: error.message });
});

api.setNotFoundHandler((request, reply) => reply.code(404).send({ error: `There is no ${request.method} ${request.url}` }));

async function find(id: string) {
  if (!/^[0-9a-f-]{36}$/.test(id)) return null;
  const snapshot = await buildReport.result(id).snapshot();
  return snapshot.state === "PENDING" && !ordered.has(id) ? null : snapshot;
}

function links(request: FastifyRequest, id: string): { readonly status: string; readonly file: string } {
  const status = `${request.protocol}://${request.host}/reports/${id}`;
  return { status, file: `${status}/file` };
}

function unknown(reply: FastifyReply, id: string): FastifyReply {
  return reply.code(404).send({ error: `There is no report ${id}: it was never ordered here, or is older than a day` });
}

function sendCsv(reply: FastifyReply, csv: string): FastifyReply {
  return reply.type("text/csv; charset=utf-8").send(csv);
}

async function stop(): Promise<void> {
  await api.close();
  await app.close();
  process.exit();
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void stop());
// Started by start.ts: it ends with it, however that ends.
process.once("disconnect", () => void stop());

const host = process.env["HOST"] ?? "127.0.0.1";
const wanted = process.env["PORT"];
// Unless a port is asked for, any free one will do when 3000 is taken.
const url = await api.listen({ host, port: Number(wanted ?? 3000) }).catch((error: NodeJS.ErrnoException) => {
  if (wanted === undefined && error.code === "EADDRINUSE") return api.listen({ host, port: 0 });
  throw error;
});
if (process.send === undefined) console.log(`Reports at ${url}`);
else process.send({ url });
