/** Is it healthy? One sentence, four figures, what is wrong, then how the last hour went, queue by queue and kind by kind. */
import { useQuery } from "@tanstack/react-query";
import { overviewQuery } from "../../api/queries.ts";
import { usePolling, useTopics } from "../../live/live.tsx";
import { Waiting } from "../../parts/panel.tsx";
import { Trouble } from "../../parts/trouble.tsx";
import { verdictOf } from "../../present/verdict.ts";
import { Page } from "../../shell/shell.tsx";
import { Charts } from "./charts.tsx";
import { FailingKinds } from "./failing-kinds.tsx";
import { Figures } from "./figures.tsx";
import { Queues } from "./queues.tsx";
import { VerdictLine } from "./verdict-line.tsx";

export function OverviewPage() {
  useTopics([]);
  const { data, error, refetch } = useQuery({ ...overviewQuery, refetchInterval: usePolling() });
  return (
    <Page title="Overview">
      {data !== undefined ? (
        <>
          <VerdictLine verdict={verdictOf(data)} />
          <Figures overview={data} />
          <Charts hour={data.series} />
          <div className="halves">
            <Queues queues={data.queues} />
            <FailingKinds kinds={data.failing} />
          </div>
        </>
      ) : error !== null ? (
        <Trouble error={error} again={() => void refetch()} />
      ) : (
        <Waiting lines={8} />
      )}
    </Page>
  );
}
