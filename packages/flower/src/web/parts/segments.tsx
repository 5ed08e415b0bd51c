/** One of a few, side by side. */

interface SegmentsProps<Value> {
  readonly label: string;
  readonly choices: readonly (readonly [title: string, value: Value])[];
  readonly value: Value;
  onChoose(value: Value): void;
}

export function Segments<Value extends string | number>({ label, choices, value, onChoose }: SegmentsProps<Value>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset draws a frame and cannot be laid out in a row everywhere
    <div className="segments" role="group" aria-label={label}>
      {choices.map(([title, choice]) => (
        <button key={choice} type="button" aria-pressed={choice === value} onClick={() => onChoose(choice)}>
          {title}
        </button>
      ))}
    </div>
  );
}
