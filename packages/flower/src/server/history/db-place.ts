/** Where a history is kept, as the option `db` names it: the path of a file, or the URL of a PostgreSQL database as results have it. */

export function isPostgresUrl(db: string): boolean {
  return /^(?:db\+)?postgres(?:ql)?(?:\+\w+)?:/i.test(db);
}
