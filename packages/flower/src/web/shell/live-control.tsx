/** Says whether the page moves by itself, and lets one stop it. */

import { useLive } from "../live/live.tsx";
import type { LiveStatus } from "../live/stream.ts";
import { Icon } from "../parts/icon.tsx";

const words: Readonly<Record<LiveStatus, readonly [word: string, dot: string, meaning: string]>> = {
  connecting: ["Connecting", "hollow", "Waiting for the live stream."],
  live: ["Live", "good", "What happens is shown at once."],
  polling: ["Every 5 s", "warn", "The live stream is not to be had: pages ask again every five seconds."],
  paused: ["Paused", "hollow", "Nothing changes until you go on."],
  away: ["Asleep", "hollow", "This tab was hidden for a while."],
};

export function LiveControl() {
  const { status, isPaused, pause } = useLive();
  const [word, dot, meaning] = words[status];
  return (
    <span className="live" title={meaning}>
      <span className={`dot ${dot}`} />
      <span>{word}</span>
      <button
        type="button"
        className="button plain square"
        aria-label={isPaused ? "Go on with live updates" : "Pause live updates"}
        onClick={() => pause(!isPaused)}
      >
        <Icon name={isPaused ? "play" : "pause"} />
      </button>
    </span>
  );
}
