/** No schedule: runs by hand only. */
import { exactly, type Timetable } from "./timetable.ts";

export const neverTimetable: Timetable = { text: "none", mostActiveRuns: null, next: () => null, manual: exactly };
