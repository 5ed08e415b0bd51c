/** How much may wait in an executor behind what runs: enough to hide a round trip, little enough to wait for. */

/** Work one slot may have waiting, in ms. */
export const aheadWorkMs = 7.5;
/** Runs an executor may have waiting, however short. */
export const mostAhead = 512;
/** Bytes of bodies: a recall must never be stuck behind a pipe full of them. */
export const mostAheadBytes = 1 << 18;
