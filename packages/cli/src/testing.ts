/** The door `celeriac/testing`: an app's tasks under test, without any server. */
export { type SentTask, type TestApp, type TestAppOptions, type TestClock, type TestMode, testApp } from "./testing/test-app.ts";
