/** What is wrong with the monitor itself, above every page. */
import { useQuery } from "@tanstack/react-query";
import type { Banner } from "../../shared/contract.ts";
import { Refused } from "../api/ask.ts";
import { overviewQuery } from "../api/queries.ts";
import { usePolling } from "../live/live.tsx";
import { Icon } from "../parts/icon.tsx";
import { Ago } from "../parts/instant.tsx";

const severe: ReadonlySet<Banner["kind"]> = new Set(["broker-away", "history-trouble", "events-dropped"]);

export function Banners() {
  const { data, error } = useQuery({ ...overviewQuery, refetchInterval: usePolling() });
  const isAway = error instanceof Refused && error.status === 0;
  return (
    <div className="banners" role="status">
      {isAway && (
        <div className="banner severe">
          <Icon name="warn" />
          <span>The monitor does not answer. What is shown is what it said last.</span>
        </div>
      )}
      {data?.banners.map((banner) => (
        <div key={banner.kind} className={`banner${severe.has(banner.kind) ? " severe" : ""}`}>
          <Icon name="warn" />
          <span className="wraps">
            {banner.text}
            {banner.since !== null && (
              <>
                {" "}
                (<Ago at={banner.since} />)
              </>
            )}
          </span>
        </div>
      ))}
    </div>
  );
}
