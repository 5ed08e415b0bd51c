/** Connections that were imported or made here; those of the environment stand before them, and are not kept. */
import type { Connection } from "../connections/connection.ts";
import { columnsOf } from "./columns.ts";
import type { Sql } from "./sql.ts";
import type { ConnectionTable } from "./store.ts";

const columns = columnsOf<Connection>({
  id: "text",
  type: "text",
  host: "text",
  login: "text",
  password: "text",
  port: "number",
  schema: "text",
  extra: "json",
});
const select = `select ${columns.names} from celeriac_dag_connection`;

export function connectionTable(sql: Sql): ConnectionTable {
  return {
    put: (connection) =>
      sql.run(
        `insert into celeriac_dag_connection (${columns.names}) values (${columns.holes})
         on conflict (id) do update set type = excluded.type, host = excluded.host, login = excluded.login, password = excluded.password,
         port = excluded.port, schema = excluded.schema, extra = excluded.extra`,
        columns.values(connection),
      ),
    async find(id) {
      const [row] = await sql.rows(`${select} where id = ?`, [id]);
      return row === undefined ? null : columns.read(row);
    },
    all: async () => (await sql.rows(`${select} order by id`)).map(columns.read),
    remove: async (id) => (await sql.rows("delete from celeriac_dag_connection where id = ? returning 1", [id])).length > 0,
  };
}
