/** All that was heard of it, as it was heard. */
import type { TaskView } from "../../../shared/contract.ts";
import { count } from "../../format/number.ts";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Instant } from "../../parts/instant.tsx";
import { Empty, Panel } from "../../parts/panel.tsx";

export function TaskEvents({ events }: { readonly events: TaskView["events"] }) {
  return (
    <Panel
      title="Events"
      flush
      end={
        <>
          <span className="faint figures">{count(events.length)}</span>
          <CopyButton text={JSON.stringify(events, null, 2)} what="all events" />
        </>
      }
    >
      {events.length === 0 ? (
        <Empty icon="inbox" title="No event is kept of it" />
      ) : (
        <ul className="events">
          {events.map((event) => (
            <li key={`${event.type} ${event.timestamp} ${event.hostname}`}>
              <details>
                <summary>
                  <Icon name="right" />
                  <Instant at={event.timestamp} />
                  <code>{event.type}</code>
                  <span className="faint cut">{event.hostname}</span>
                </summary>
                <pre className="wraps">{JSON.stringify(event.fields, null, 2)}</pre>
              </details>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
