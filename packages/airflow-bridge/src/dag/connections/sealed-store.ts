/** A DAG store in which passwords, extras and variables lie encrypted, where a key is given. Whoever reads a table gets them as they were. */
import { CeleriacError } from "@celeriac/core/runtime";
import type { ConnectionTable, DagStore, Tables, VariableTable } from "../store/store.ts";
import type { Connection } from "./connection.ts";
import type { Fernet } from "./fernet.ts";

const prefix = "fernet:";
/** Of an extra that is encrypted as a whole. */
const extraKey = "__fernet__";

/** `fernet`: null: nothing is encrypted, and what is rejects with DAG_FERNET_KEY when it is read. What was written without a key is read all the same. */
export function sealedStore(store: DagStore, fernet: Fernet | null): DagStore {
  const seals = createSeals(fernet);
  const opened = (tables: Tables): Tables => ({
    ...tables,
    connections: sealedConnections(tables.connections, seals),
    variables: sealedVariables(tables.variables, seals),
  });
  return {
    label: store.label,
    read: (body) => store.read((tables) => body(opened(tables))),
    write: (body) => store.write((tables) => body(opened(tables))),
    close: () => store.close(),
  };
}

interface Seals {
  seal(text: string): string;
  /** `what`: for the error, which does not show it */
  unseal(text: string, what: string): string;
}

function createSeals(fernet: Fernet | null): Seals {
  return {
    seal: (text) => (fernet === null ? text : prefix + fernet.encrypt(text)),
    unseal(text, what) {
      if (!text.startsWith(prefix)) return text;
      const plain = fernet?.decrypt(text.slice(prefix.length)) ?? null;
      if (plain !== null) return plain;
      const why = fernet === null ? "CELERIAC_DAG_FERNET_KEY is not set here" : "none of the keys of CELERIAC_DAG_FERNET_KEY is the one";
      throw new CeleriacError("DAG_FERNET_KEY", `${what} is encrypted in the store, and ${why}`);
    },
  };
}

function sealedConnections(table: ConnectionTable, { seal, unseal }: Seals): ConnectionTable {
  const sealed = (connection: Connection): Connection => {
    const { password, extra } = connection;
    const text = JSON.stringify(extra);
    const hidden = seal(text);
    return {
      ...connection,
      password: password === null ? null : seal(password),
      extra: text === "{}" || hidden === text ? extra : { [extraKey]: hidden },
    };
  };
  const unsealed = (connection: Connection): Connection => {
    const what = `The connection ${JSON.stringify(connection.id)}`;
    const { password, extra } = connection;
    const hidden = extra[extraKey];
    return {
      ...connection,
      password: password === null ? null : unseal(password, what),
      extra: typeof hidden === "string" && hidden.startsWith(prefix) ? (JSON.parse(unseal(hidden, what)) as Connection["extra"]) : extra,
    };
  };
  return {
    put: (connection) => table.put(sealed(connection)),
    async find(id) {
      const found = await table.find(id);
      return found === null ? null : unsealed(found);
    },
    all: async () => (await table.all()).map(unsealed),
    remove: (id) => table.remove(id),
  };
}

function sealedVariables(table: VariableTable, { seal, unseal }: Seals): VariableTable {
  const unsealed = (key: string, text: string) => unseal(text, `The variable ${JSON.stringify(key)}`);
  return {
    put: (key, value) => table.put(key, seal(value)),
    async find(key) {
      const found = await table.find(key);
      return found === null ? null : unsealed(key, found);
    },
    all: async () => new Map([...(await table.all())].map(([key, text]) => [key, unsealed(key, text)])),
    remove: (key) => table.remove(key),
  };
}
