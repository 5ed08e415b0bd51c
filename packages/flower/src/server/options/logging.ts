/** Where the command's log goes, under the names that Flower has from Tornado: rows of the table of options. A monitor inside a program is given a logger. */
import { choiceSetting, countSetting, type LogLevel, readLogLevel, type Setting, textSetting } from "@celeriac/core/runtime";
import { textOrNone, yesOrNo } from "../option-kinds.ts";

const level: Setting<LogLevel | null> = {
  kind: "one of debug, info, warning, error, none",
  default: null,
  doc: "Least level of the lines in the log; none: there is no log. Unset: what --loglevel says.",
  read(value) {
    if (value === null || value === "") return null;
    return String(value).toLowerCase() === "none" ? "silent" : readLogLevel(String(value));
  },
};

export const loggingOptions = {
  logging: level,
  logToStderr: yesOrNo(null, "Write the log to stderr. Unset: to stdout, unless there is a file of it."),
  logFilePrefix: textOrNone("Append the log to this file, as JSON lines; it is renamed to FILE.1, FILE.2 and so on when it has grown."),
  logFileMaxSize: countSetting(100_000_000, [0, 1_000_000_000_000_000], "So many bytes that file has at most. 0: it grows for ever."),
  logFileNumBackups: countSetting(10, [0, 10_000], "So many older files are kept beside it. 0: it is one file, and grows for ever."),
  logRotateMode: choiceSetting(["size", "time"], "size", "By size; time is taken, does the same, and says so: logrotate does it by time."),
  logRotateWhen: textSetting("midnight", "Does nothing: see `log_rotate_mode`."),
  logRotateInterval: countSetting(1, [1, 1_000_000], "Does nothing: see `log_rotate_mode`."),
} as const;
