/** How the command's process ends. */

export const exitCode = { done: 0, failed: 1, usage: 2, taskFailed: 3, notEnded: 4, unavailable: 69 } as const;

/** 128 and the number of the signal, as a shell gives for a process that a signal ended. */
export const signalExitCode = { SIGINT: 130, SIGQUIT: 131, SIGTERM: 143, SIGHUP: 129 } as const;

export type StopSignal = keyof typeof signalExitCode;
