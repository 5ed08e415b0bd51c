/** States of task instances and of runs: as a sign and a word, or as a small square that is one of many. */
import { dagLookOf, toneOf } from "../present/dag-look.ts";
import { Icon } from "./icon.tsx";

export function DagState({ state }: { readonly state: string }) {
  const { tone, icon, word } = dagLookOf(state);
  return (
    <span className={`state ${tone}`}>
      <Icon name={icon} />
      <span className="cut">{word}</span>
    </span>
  );
}

/** Whoever shows it says beside it what it stands for. */
export function Square({ state, isMany = false }: { readonly state: string | null; readonly isMany?: boolean }) {
  return (
    <span className={`square ${toneOf(state)}${isMany ? " many" : ""}`} aria-hidden="true">
      {state !== null && state !== "none" && <Icon name={dagLookOf(state).icon} />}
    </span>
  );
}
