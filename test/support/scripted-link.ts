/** An executor's link for tests of its pool's side: shows what was sent to it, and says what the test wants it to say. */
import type { ExecutorLink, LinkListener, OpenLink } from "../../packages/worker/src/pools/executor-link.ts";
import { FrameReader, FrameWriter, frameKind } from "../../packages/worker/src/pools/frames.ts";

export interface SeenFrame {
  readonly kind: number;
  readonly number: number;
  readonly payload: Buffer;
}

export class ScriptedLink implements ExecutorLink {
  readonly pid: number;
  readonly listener: LinkListener;
  readonly sent: SeenFrame[] = [];
  terminated = 0;
  readonly #reader = new FrameReader();

  constructor(pid: number, listener: LinkListener) {
    this.pid = pid;
    this.listener = listener;
  }

  /** Numbers of the frames of one kind, in the order they were sent. */
  numbers(kind: number): number[] {
    return this.sent.filter((frame) => frame.kind === kind).map(({ number }) => number);
  }

  send(bytes: Buffer<ArrayBuffer>): void {
    const frame = (kind: number, number: number, all: Buffer, start: number, end: number) =>
      void this.sent.push({ kind, number, payload: all.subarray(start, end) });
    this.#reader.read(bytes, { frame });
  }

  async stack(): Promise<readonly string[]> {
    return ["scripted"];
  }

  terminate(): void {
    this.terminated++;
  }

  say(write: (frames: FrameWriter) => void): void {
    const frames = new FrameWriter();
    write(frames);
    this.listener.received(frames.take());
  }

  ready(): void {
    this.say((frames) => frames.empty(frameKind.ready, 0));
  }

  begun(number: number): void {
    this.say((frames) => frames.empty(frameKind.begun, number));
  }

  handBack(answerTo: number, numbers: readonly number[]): void {
    this.say((frames) => {
      frames.open(frameKind.handedBack, answerTo);
      for (const number of numbers) frames.u32(number);
      frames.close();
    });
  }
}

/** Opens scripted links with pids 1, 2, … and keeps them in `links`. */
export function scriptedLinks(): { readonly links: ScriptedLink[]; readonly openLink: OpenLink } {
  const links: ScriptedLink[] = [];
  const openLink: OpenLink = (listener) => {
    const link = new ScriptedLink(links.length + 1, listener);
    links.push(link);
    return link;
  };
  return { links, openLink };
}
