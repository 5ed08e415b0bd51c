/** When calls may leave: for who knows ahead of time that they are to be sent. All but the sending is done before. */
export interface Departure {
  /** What durations among the calls' options count from, epoch ms. */
  readonly at: number;
  /** Awaited by each message when it is encoded, before anything of it is written anywhere; what it rejects with, the call rejects with. */
  open(): Promise<void>;
}
