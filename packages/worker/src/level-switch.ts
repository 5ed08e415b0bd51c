/** The least level of a worker's log lines, which remote control changes while it runs. */
import { type LogLevel, logLevels } from "@celeriac/core/runtime";

export interface LevelSwitch {
  readonly level: LogLevel;
  shows(level: LogLevel): boolean;
  set(level: LogLevel): void;
}

/** `changed` is told of each new level. */
export function createLevelSwitch(first: LogLevel, changed: (level: LogLevel) => void): LevelSwitch {
  let current = first;
  return {
    get level() {
      return current;
    },
    shows: (level) => logLevels.indexOf(level) >= logLevels.indexOf(current),
    set(level) {
      current = level;
      changed(level);
    },
  };
}
