/** The door: for the command, and for those who embed a beat in their own program. */
export { type Beat, type BeatSurroundings, createBeat } from "./beat.ts";
export { type BeatOptions, beatOptionTable, type ResolvedBeatOptions } from "./options.ts";
export type { BeatStats } from "./stats.ts";
