/** DAGs, their runs, and one run with all its task instances: read from where the scheduler keeps them. */
import type { DagRuns } from "@celeriac/core/runtime";
import type { DagList, DagRunView, DagView } from "../../../shared/dag-contract.ts";
import { Refusal } from "../../access.ts";
import type { MonitorParts } from "../../parts.ts";
import { dagRow, dagRunView, dagView } from "../../present/dag-view.ts";
import { reading } from "./api-route.ts";

const usualRuns = 25;

export const dagRoutes = [
  reading({
    path: "/dags",
    summary: "All DAGs that a scheduler has written down, by id, each with its latest runs.",
    answer: "DagList",
    answerTo: async (_asked, { dagRuns }): Promise<DagList> => ({ rows: ((await dagRuns?.dags()) ?? []).map(dagRow) }),
  }),
  reading({
    path: "/dags/{id}",
    summary: "One DAG, and how each of its tasks went in its latest runs.",
    query: { runs: { kind: "whole", range: [1, 200], doc: `How many runs; ${usualRuns}, unless given.` } },
    answer: "DagView",
    async answerTo({ path: { id }, query: { runs } }, parts): Promise<DagView> {
      const dag = await keptBy(parts).dag(id!, runs ?? usualRuns);
      if (dag === null) throw new Refusal(404, `Unknown DAG '${id}'`);
      return dagView(dag);
    },
  }),
  reading({
    path: "/dags/{id}/runs/{run}",
    summary: "One run, with all its task instances and their tries.",
    answer: "DagRunView",
    async answerTo({ path: { id, run } }, parts): Promise<DagRunView> {
      const found = await keptBy(parts).run(id!, run!);
      if (found === null) throw new Refusal(404, `DAG '${id}' has no run '${run}'`);
      return dagRunView(found, parts.redactor);
    },
  }),
];

function keptBy({ dagRuns }: Pick<MonitorParts, "dagRuns">): DagRuns {
  if (dagRuns === null) throw new Refusal(404, "This monitor knows no DAGs");
  return dagRuns;
}
