/** Who did what, in the file. */
import type { Connection } from "@celeriac/core/runtime";
import type { AuditEntry } from "../history.ts";

const mostKept = 100_000;

export interface AuditWriting {
  /** Runs inside the caller's transaction. */
  add(entry: AuditEntry): void;
}

export function openAuditWriting(connection: Connection): AuditWriting {
  const add = connection.query("insert into audit (at, user, address, action, target, refusal, details) values (?, ?, ?, ?, ?, ?, ?)");
  const prune = connection.query("delete from audit where id <= (select max(id) from audit) - ?");
  return {
    add({ at, user, address, action, target, refusal, details }) {
      add.run([at, user, address, action, target, refusal, JSON.stringify(details)]);
      prune.run([mostKept]);
    },
  };
}

export function readAudit(connection: Connection, limit: number, before: number | null): readonly AuditEntry[] {
  const read = connection.query(
    "select at, user, address, action, target, refusal, details from audit where ?1 is null or at < ?1 order by id desc limit ?2",
  );
  return read.all([before, limit]).map(([at, user, address, action, target, refusal, details]) => ({
    at: Number(at),
    user: String(user),
    address: String(address),
    action: String(action),
    target: String(target),
    refusal: refusal === null ? null : String(refusal),
    details: JSON.parse(String(details)) as Record<string, unknown>,
  }));
}
