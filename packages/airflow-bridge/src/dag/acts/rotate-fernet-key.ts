/** Encrypts what lies in the store anew, with the first key: after another key was put in front, or the first one given at all. */
import type { DagStore } from "../store/store.ts";

/** All or nothing. Throws DAG_FERNET_KEY where a key is missing that something was encrypted with. */
export function rotateFernetKey(store: DagStore): Promise<{ readonly connections: number; readonly variables: number }> {
  return store.write(async (tables) => {
    const [connections, variables] = [await tables.connections.all(), await tables.variables.all()];
    for (const connection of connections) await tables.connections.put(connection);
    for (const [key, value] of variables) await tables.variables.put(key, value);
    return { connections: connections.length, variables: variables.size };
  });
}
