/**
 * Due when the sun rises, sets, stands highest or so far below the horizon, somewhere on earth. By NOAA's equations of the sun's place (Meeus,
 * Astronomical Algorithms): some seconds off at most, in this century.
 */
import { CeleriacError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { type ScheduleJson, type SolarEvent, type StorableSchedule, solarEvents } from "../schedule.ts";

type SolarJson = Extract<ScheduleJson, { kind: "solar" }>;

/** Where the middle of the sun is seen, in degrees above the horizon; rising and setting count its rim and the air's refraction. */
const altitudes: Readonly<Record<SolarEvent, number>> = {
  dawn_astronomical: -18,
  dawn_nautical: -12,
  dawn_civil: -6,
  sunrise: -0.833,
  solar_noon: 90,
  sunset: -0.833,
  dusk_civil: -6,
  dusk_nautical: -12,
  dusk_astronomical: -18,
};

const dayMs = 86_400_000;
/** Near the poles the sun does not rise, or set, for months: then the next time that it does. */
const searchDays = 400;

/** `latitude` -90 to 90, north positive; `longitude` -180 to 180, east positive. Throws SCHEDULE_INVALID. */
export function solar(event: SolarEvent, latitude: number, longitude: number): StorableSchedule {
  if (!solarEvents.includes(event)) {
    const near = nearest(String(event), solarEvents);
    throw invalid(
      `there is no event ${JSON.stringify(event)}: ${near === null ? `expected ${solarEvents.join(", ")}` : `did you mean ${near}?`}`,
    );
  }
  if (!(Math.abs(latitude) <= 90)) throw invalid(`expected a latitude of -90 to 90, got ${latitude}`);
  if (!(Math.abs(longitude) <= 180)) throw invalid(`expected a longitude of -180 to 180, got ${longitude}`);
  return solarSchedule({ kind: "solar", event, latitude, longitude });
}

function invalid(what: string): CeleriacError {
  return new CeleriacError("SCHEDULE_INVALID", `solar(): ${what}`);
}

export function solarSchedule(json: SolarJson): StorableSchedule {
  return Object.freeze({
    next(after: Date) {
      const afterMs = after.getTime();
      const day = Math.floor(afterMs / dayMs);
      // The sun's day at a place may have begun or end beyond the one of UTC.
      for (let at = day - 1; at < day + searchDays; at++) {
        const due = eventOf(json, at * dayMs);
        if (due !== null && due > afterMs) return new Date(due);
      }
      return null;
    },
    toJSON: () => json,
    toString: () => `${json.event} at ${json.latitude}, ${json.longitude}`,
  });
}

/** In the day that begins at `midnight`, by the sun over that longitude; null where the sun does not come to that altitude then. */
function eventOf({ event, latitude, longitude }: SolarJson, midnight: number): number | null {
  const noon = midnight + dayMs / 2 - (longitude / 360) * dayMs;
  let due = noon - sunAt(noon).equationMs;
  if (event === "solar_noon") return Math.round(noon - sunAt(due).equationMs);
  const isMorning = event.startsWith("dawn") || event === "sunrise";
  // The sun moves on between noon and the event: what the first round finds, the next ones correct.
  for (let round = 0; round < 3; round++) {
    const { declination, equationMs } = sunAt(due);
    const cosine = (sin(altitudes[event]) - sin(latitude) * sin(declination)) / (cos(latitude) * cos(declination));
    if (!(Math.abs(cosine) <= 1)) return null;
    const halfDayMs = (degrees(Math.acos(cosine)) / 360) * dayMs;
    due = noon - equationMs + (isMorning ? -halfDayMs : halfDayMs);
  }
  return Math.round(due);
}

/** The sun's declination, in degrees, and by how much a sundial is ahead of the clock. */
function sunAt(epochMs: number): { readonly declination: number; readonly equationMs: number } {
  const centuries = (epochMs - Date.UTC(2000, 0, 1, 12)) / (36_525 * dayMs);
  const longitude = 280.46646 + centuries * (36_000.76983 + centuries * 0.0003032);
  const anomaly = 357.52911 + centuries * (35_999.05029 - centuries * 0.0001537);
  const eccentricity = 0.016708634 - centuries * (0.000042037 + centuries * 0.0000001267);
  const center =
    sin(anomaly) * (1.914602 - centuries * (0.004817 + centuries * 0.000014)) +
    sin(2 * anomaly) * (0.019993 - centuries * 0.000101) +
    sin(3 * anomaly) * 0.000289;
  const node = 125.04 - 1_934.136 * centuries;
  const apparent = longitude + center - 0.00569 - 0.00478 * sin(node);
  const obliquity = 23.439291 - centuries * 0.0130042 + 0.00256 * cos(node);
  const y = Math.tan(radians(obliquity) / 2) ** 2;
  const equation =
    y * sin(2 * longitude) -
    2 * eccentricity * sin(anomaly) +
    4 * eccentricity * y * sin(anomaly) * cos(2 * longitude) -
    (y * y * sin(4 * longitude)) / 2 -
    (5 / 4) * eccentricity * eccentricity * sin(2 * anomaly);
  return { declination: degrees(Math.asin(sin(obliquity) * sin(apparent))), equationMs: (degrees(equation) / 360) * dayMs };
}

function radians(angle: number): number {
  return (angle * Math.PI) / 180;
}

function degrees(angle: number): number {
  return (angle * 180) / Math.PI;
}

function sin(angle: number): number {
  return Math.sin(radians(angle));
}

function cos(angle: number): number {
  return Math.cos(radians(angle));
}
