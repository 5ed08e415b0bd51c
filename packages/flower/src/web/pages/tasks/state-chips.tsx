/** Which states are listed: none chosen means all. */
import { Icon } from "../../parts/icon.tsx";
import { knownStates, lookOf } from "../../present/state-look.ts";

interface StateChipsProps {
  readonly states: readonly string[];
  onChange(states: readonly string[]): void;
}

export function StateChips({ states, onChange }: StateChipsProps) {
  const custom = states.filter((state) => !knownStates.includes(state));
  const toggle = (state: string) => onChange(states.includes(state) ? states.filter((other) => other !== state) : [...states, state]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset draws a frame and cannot be laid out in a row everywhere
    <div className="chips" role="group" aria-label="States">
      <button type="button" className="chip" aria-pressed={states.length === 0} onClick={() => onChange([])}>
        All
      </button>
      {[...knownStates, ...custom].map((state) => {
        const look = lookOf(state);
        return (
          <button key={state} type="button" className="chip" aria-pressed={states.includes(state)} onClick={() => toggle(state)}>
            <span className={`tone-${look.tone} chip-sign`}>
              <Icon name={look.icon} />
            </span>
            {look.word}
          </button>
        );
      })}
    </div>
  );
}
