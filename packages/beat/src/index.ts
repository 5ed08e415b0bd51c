/** The door: for the command, and for those who embed a beat in their own program. */
export { type Beat, type BeatStats, type BeatSurroundings, createBeat } from "./beat.ts";
export { type BeatOptions, beatOptionTable, type ResolvedBeatOptions } from "./options.ts";
