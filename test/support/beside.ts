/**
 * Suites that run beside each other, while the tests of each run in turn: for those that mostly wait for processes, each suite with a server's
 * place of its own. What a test has to end it says to its own context's `onTestFinished`.
 */
import { describe, test } from "vitest";

export const beside: typeof describe.concurrent = describe.concurrent;
export const inTurn: typeof test.sequential = test.sequential;
