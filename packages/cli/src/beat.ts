/** The door for those who embed a beat in their own program. */
export { type Beat, type BeatOptions, type BeatStats, type BeatSurroundings, createBeat } from "@celeriac/beat";
