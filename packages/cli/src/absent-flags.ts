/** Flags of Celery that no command here has, and what does their work: said instead of "no such option". */

const keeper = "systemd, a container or a supervisor keeps a worker running in the background (docs/deploy.md)";
const whoStarts = (how: string) => `whoever starts it says so: ${how}`;

/** as written → what to do; single letters where Celery has them for nothing else */
const absentFlags: Readonly<Record<string, string>> = {
  "--detach": keeper,
  "--daemon": keeper,
  "-D": keeper,
  "--uid": whoStarts("User= of systemd, --user of docker, setpriv --reuid"),
  "--gid": whoStarts("Group= of systemd, --user of docker, setpriv --regid"),
  "--umask": whoStarts("UMask= of systemd, or umask in a shell"),
  "--executable": "the worker runs in the Node.js that starts it",
  "--schedule": "schedules are kept with the broker, or where CELERIAC_SCHEDULE_STORE says (docs/beat.md)",
  "-s": "schedules are kept with the broker, or where CELERIAC_SCHEDULE_STORE says (docs/beat.md)",
  "--scheduler": "there is one scheduler, whose entries may be changed while it runs (docs/beat.md)",
  "-S": "there is one scheduler, whose entries may be changed while it runs (docs/beat.md)",
  "--max-interval": "beat looks every second at what was changed; --failover makes that more or less",
  "--loader": "-A names the module that makes the app, and nothing else is loaded for it",
  "--config": "settings are given to createApp, in a module that -A loads, or in the environment (docs/reference/settings.md)",
};

/** undefined: Celery does not have it either, as far as it is known. */
export function absentFlag(flag: string): string | undefined {
  return Object.hasOwn(absentFlags, flag) ? absentFlags[flag] : undefined;
}
