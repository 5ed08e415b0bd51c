/** What a beat tells of itself: for those who embed one, and for its metrics. */

export interface RoundsStats {
  readonly sent: number;
  readonly refused: number;
  /** due times that were left out: older than their deadline, or while the task before had not ended */
  readonly passed: number;
  /** epoch ms of the last one that was sent */
  readonly lastSentAt: number | null;
  /** how long after its due time that was */
  readonly lastLateMs: number | null;
}

export const nothingSent: RoundsStats = Object.freeze({ sent: 0, refused: 0, passed: 0, lastSentAt: null, lastLateMs: null });

export interface BeatStats extends RoundsStats {
  readonly leads: boolean;
  /** entries that it knows: of a leader only */
  readonly entries: number;
  /** epoch ms; null: it does not lead, or nothing is due any more */
  readonly nextDueAt: number | null;
  /** for how long the next due time of a leader is overdue */
  readonly lagMs: number;
  /** why the schedule store cannot be used; null: it can */
  readonly loss: string | null;
}
