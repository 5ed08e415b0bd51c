/** Who changed what. */
import type { AuditList } from "../../../shared/contract.ts";
import { Refusal } from "../../access.ts";
import { mayAs } from "../../security/asker.ts";
import { reading } from "./api-route.ts";

const mostRows = 500;

export const auditRoutes = [
  reading({
    path: "/audit",
    summary: "Who changed what, or was not let, newest first; for admins.",
    query: {
      limit: { kind: "whole", doc: "Rows; 100, unless given.", range: [1, mostRows] },
      before: { kind: "number", doc: "What `next` of the page before said." },
    },
    answer: "AuditList",
    async answerTo({ query, asker }, { history }): Promise<AuditList> {
      if (!mayAs(asker.role, "admin")) throw new Refusal(403, `This needs the role admin; yours is ${asker.role}`);
      const limit = query.limit ?? 100;
      const rows = await history.audit(limit, query.before ?? undefined);
      return { rows, next: rows.length < limit ? null : rows.at(-1)!.at };
    },
  }),
];
