/** The app, its tasks, and how they are put together: one survey for each region, side by side, and a ranking of all of them. */
import { chordOf, createApp } from "celeriac";
import { rankingOf, regions, type Survey, surveyOf } from "./study.ts";

/** BROKER_URL=redis://… moves it to a server; without, tasks and results lie in the file celeriac.db. */
export const app = createApp("earthquakes", { broker: process.env["BROKER_URL"] });

export const survey = app.task("quakes.survey", { params: ["region"] }, (region: string) => surveyOf(region));
export const rank = app.task("quakes.rank", { params: ["surveys"] }, (surveys: readonly Survey[]) => rankingOf(surveys));

/** A chord: `rank` runs once, with what all surveys gave, when the last of them has ended, whichever worker ran it. */
const studyOf = (some: readonly string[]) =>
  chordOf(
    some.map((region) => survey.s(region)),
    rank.s(),
  );

export const study = studyOf(regions());
/** Small enough to be drawn: `npm run graph`. */
export const sketch = studyOf(["Taiwan", "Alaska", "Chile"]);
