/** A poke that waits for an answer of a server, as Airflow's HttpSensor. */
import { CeleriacError, isText, shownValue } from "@celeriac/core/runtime";
import { hook } from "../hooks/hook.ts";
import type { RunContext } from "../runner/run-context.ts";

/**
 * Waits until a GET of `path`, which may be a function of the run, is answered with a status below 400 that `check` agrees to, and gives what `check`
 * gives; true without one. 404 is waited out. Throws DAG_DEFINITION; its look throws DAG_HTTP for any other status, and where no answer comes.
 */
export function httpOk<T = true>(
  connectionId: string,
  path: string | ((run: RunContext) => string) = "",
  check?: (answer: Response, run: RunContext) => T | Promise<T>,
): (run: RunContext) => Promise<T | false> {
  if (!isText(connectionId) || !(typeof path === "string" || typeof path === "function"))
    throw new CeleriacError("DAG_DEFINITION", `httpOk(${shownValue(connectionId)}, …): expected the id of a connection, and a path`);
  return async (run) => {
    const api = await hook("http", connectionId);
    const answer = await api.fetch(typeof path === "function" ? path(run) : path);
    if (answer.status < 400 && check !== undefined) return await check(answer, run);
    await answer.body?.cancel();
    if (answer.status < 400) return true as T;
    if (answer.status === 404) return false;
    throw new CeleriacError("DAG_HTTP", `GET ${answer.url} was answered ${answer.status}`);
  };
}
