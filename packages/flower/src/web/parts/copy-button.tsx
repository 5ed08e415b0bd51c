/** Puts a text on the clipboard; also where a page is not trusted with it (plain HTTP), by the older way. */
import { useEffect, useState } from "react";
import { after } from "../clock.ts";
import { Icon } from "./icon.tsx";

export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [copied, setCopied] = useState(0);
  useEffect(() => (copied === 0 ? undefined : after(1.6, () => setCopied(0))), [copied]);
  return (
    <button
      type="button"
      className="button plain square"
      title={`Copy ${what}`}
      aria-label={copied === 0 ? `Copy ${what}` : `Copied ${what}`}
      onClick={() => void copy(text).then((done) => done && setCopied((before) => before + 1))}
    >
      <Icon name={copied === 0 ? "copy" : "check"} />
    </button>
  );
}

async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard !== undefined) {
    const isDone = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (isDone) return true;
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  document.body.append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  return isDone;
}
