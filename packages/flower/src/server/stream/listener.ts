/** One client of the stream: writes to it as fast as it reads, and says so when something had to be left out. */
import type { ServerResponse } from "node:http";

export interface Listener {
  /** `frames`: how many there are in `text`. */
  write(text: string, frames: number): void;
  /** A frame without a place of its own: a ping. Left out where the client does not keep up. */
  ping(text: string): void;
  end(): void;
}

/** What is asked of a response. */
interface Out extends Pick<ServerResponse, "writableLength" | "writableNeedDrain"> {
  write(text: string): boolean;
  end(): unknown;
  on(event: "drain", heard: () => void): unknown;
}

const mostWaitingBytes = 262_144;

/** `gap`: what it is told when so many frames had to be left out. */
export function createListener(out: Out, gap: (dropped: number) => string): Listener {
  let dropped = 0;
  out.on("drain", () => {
    if (dropped === 0) return;
    const text = gap(dropped);
    dropped = 0;
    out.write(text);
  });
  return {
    write(text, frames) {
      // An empty queue takes anything: a first snapshot may be longer than all that may wait behind it.
      if (dropped > 0 || (out.writableLength > 0 && out.writableLength + text.length > mostWaitingBytes)) dropped += frames;
      else out.write(text);
    },
    ping(text) {
      if (dropped === 0 && !out.writableNeedDrain) out.write(text);
    },
    end: () => void out.end(),
  };
}
