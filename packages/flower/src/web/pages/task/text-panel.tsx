/** A text of a task, as it is: never anything but text. */
import { CopyButton } from "../../parts/copy-button.tsx";
import { Panel } from "../../parts/panel.tsx";

interface TextPanelProps {
  readonly title: string;
  readonly text: string | null;
  readonly isTall?: boolean;
}

export function TextPanel({ title, text, isTall = false }: TextPanelProps) {
  return (
    <Panel title={title} end={text !== null && <CopyButton text={text} what={title.toLowerCase()} />} flush>
      {text === null ? (
        <p className="panel-body faint">Not told.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
        <pre className={`text-body${isTall ? " tall" : ""}`} tabIndex={0}>
          {text}
        </pre>
      )}
    </Panel>
  );
}
