/** A task's state: sign and word, in its tone. */
import { lookOf } from "../present/state-look.ts";
import { Icon } from "./icon.tsx";

export function StateBadge({ state, lost = false }: { readonly state: string; readonly lost?: boolean }) {
  const look = lookOf(state);
  return (
    <>
      <span className={`state ${look.tone}`}>
        <Icon name={look.icon} />
        <span className="cut">{look.word}</span>
      </span>
      {lost && (
        <span className="state bad" title="Its worker is gone, and nobody has stored an outcome.">
          <Icon name="warn" />
          Lost
        </span>
      )}
    </>
  );
}

export function OnlineBadge({ online }: { readonly online: boolean }) {
  return (
    <span className={`state ${online ? "good" : "idle"}`}>
      <Icon name={online ? "check" : "power"} />
      {online ? "Online" : "Offline"}
    </span>
  );
}
