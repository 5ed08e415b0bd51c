/** The door for our own packages (worker, beat, monitor, bridge, cli): contracts and machinery that users do not need. */
export { type AfterChord, afterBrokenChord, afterChord, type EndedChord } from "./after-chord.ts";
export { runtimeOf } from "./app.ts";
export type { AppRuntime } from "./app-runtime.ts";
export { type AppSource, findApp } from "./app-source.ts";
export { attemptNumber } from "./attempt.ts";
export type { ResultBackend, ResultRecord, ResultSubscription } from "./backend.ts";
export type {
  Broker,
  ChordEnd,
  ClaimOutcome,
  Consumer,
  ConsumerListener,
  Delivery,
  Disposition,
  LiveExchange,
  Publication,
  Settlement,
  SettleOutcome,
  Subscription,
} from "./broker.ts";
export { registerBuiltIns, sendingTasks } from "./builtin-tasks.ts";
export { type Graph, type GraphEdge, type GraphNode, signatureGraph } from "./canvas/graph.ts";
export { readSignature } from "./canvas/read-signature.ts";
export type { ChordCount, ChordPart, ChordStart, ChordStore, CountedPart, QuietChord } from "./chord.ts";
export {
  type ChordMember,
  type ChordPlace,
  chordMembersOf,
  chordPartOf,
  memberStateOf,
  placesOf,
  unreachedMembers,
} from "./chord-member.ts";
export { bodyToUnlock, type UnlockedChord } from "./chord-unlock.ts";
export { type Clock, parseInstant, systemClock, type Timer, toIsoInstant } from "./clock.ts";
export { type RemoteArguments, type RemoteCommandName, remoteCommandOf, remoteCommands } from "./command.ts";
export { type ArgumentRow, readRemoteArguments } from "./command-argument.ts";
export type { RemoteCommandRow } from "./command-row.ts";
export { resultExpiresMs, type Settings, settingTable } from "./config.ts";
export { type ContentRules, contentRules, tooLarge } from "./content.ts";
export { IgnoreSignal, RejectSignal, type RetryOptions, RetrySignal, type TaskContext, type TaskRequest } from "./context.ts";
export { askWorkers, type ControlCall, type ControlParts, tellWorkers } from "./control/client.ts";
export { openMailbox } from "./control/mailbox.ts";
export { findPaused } from "./control/pausing.ts";
export type { ControlReply, ControlRequest } from "./control/pidbox.ts";
export { abortCall, revokeArguments, revokeCall } from "./control/revocation.ts";
export { type ControlOptions, callOf, partsOf } from "./control.ts";
export type { Coordinator, Lease, Slot } from "./coordinator.ts";
export { type CurrentRun, currentRunId, withRun } from "./current-run.ts";
export type { CommandedWorker, CustomCommand } from "./custom-command.ts";
export type {
  DagEntry,
  DagGrid,
  DagGridRun,
  DagInstanceView,
  DagRunEntry,
  DagRuns,
  DagRunView,
  DagTaskEntry,
  DagTryView,
} from "./dag-runs.ts";
export { type DeadLetter, listDeadLetters, siftDeadLetters } from "./dead-letters.ts";
export type { Departure } from "./departure.ts";
export type { DriverContext } from "./driver.ts";
export { type Duration, durationMs, durationUnits } from "./duration.ts";
export { type Entry, processEntry, threadEntry } from "./entry.ts";
export { deadLetterQueue, deathHeader, deliveriesHeader, deliveriesOf, type Envelope, isDeadLetterQueue, type Route } from "./envelope.ts";
export { environmentOfProcess, environmentSettings, heapOptionGiven, overrideSettings } from "./environment.ts";
export { type ErrorCode, errorTable } from "./error-table.ts";
export * from "./errors.ts";
export { type EventFields, type EventType, eventTable, type TaskEventType } from "./event.ts";
export type { CeleryEvents, CeleryEventType, ReceivedEvent } from "./events/celery-event.ts";
export { ClusterView, isAlive, type SeenState, type SeenTask, type SeenWorker } from "./events/cluster-view.ts";
export { createEventDispatcher, type EventDispatcher } from "./events/dispatcher.ts";
export { eventsOf, receiveEvents, subscribeToEvents } from "./events/receiver.ts";
export { createExecute } from "./execute.ts";
export { type FailpointName, failpoint, failpointNames } from "./failpoint.ts";
export { celeryErrors, exceptionJson, readException, remoteErrorOf, taskErrorOf } from "./failure.ts";
export { afterFailure, afterSuccess, type Followed, type FollowUps } from "./follow-up.ts";
export { readFollowed } from "./followed.ts";
export { createFresh, type Fresh } from "./fresh.ts";
export { Heap } from "./heap.ts";
export { type Answer, answerJson, type HttpServer, openHttpServer } from "./http-server.ts";
export { instantMs } from "./instant.ts";
export { keptArguments } from "./kept-arguments.ts";
export { hideSecret } from "./known-secrets.ts";
export { addressSetting, type ListenAddress, listenPlace } from "./listen-address.ts";
export { liveEnvelope } from "./live-exchange.ts";
export { loadModule } from "./load-module.ts";
export {
  createLogger,
  type LeveledLogger,
  type Logger,
  type LogLevel,
  latestLogger,
  logLevels,
  readLogLevel,
  silentLogger,
  withFields,
} from "./logger.ts";
export { type Body, decodeBody } from "./message.ts";
export { executeThrough } from "./middleware.ts";
export { nearest } from "./nearest.ts";
export { comingDues, dueAfter, latestDue, nextDue, type Timing } from "./next-due.ts";
export { isMemoryUrl, resultUrlOf, scheduleStorePlace } from "./open.ts";
export { checkOptions, isCount, isDate, isDuration, isFlag, isRecord, isText, type OptionCheck } from "./option-check.ts";
export { captureLines, LineCutter, maskWrites } from "./output-lines.ts";
export { type PostgresAddress, parsePostgresUrl } from "./postgres/address.ts";
export type { Ask, Row as PostgresRow } from "./postgres/ask.ts";
export { Database as PostgresDatabase } from "./postgres/database.ts";
export {
  coordinatorFailure as postgresFailureOf,
  sqlStateOf as postgresStateOf,
  tablesRefused as postgresTablesRefused,
} from "./postgres/failure.ts";
export { inProtocol2 } from "./protocol1.ts";
export { allQueues, isListed, type QueueFacts, queueFacts } from "./queue-facts.ts";
export { broadcastOf, directQueue, type ExchangeType, exchangeTypes, type QueueDeclaration, type QueueTable } from "./queue-table.ts";
export { type RateLimit, readRateLimit } from "./rate-limit.ts";
export { isSecretKey, maskSecrets, mayNameSecret, redact, redactText, redactUrl, stars } from "./redact.ts";
export type { Registry, TaskCode, TaskDefinition } from "./registry.ts";
export { type AppReport, reportOf, reportText } from "./report.ts";
export { reprException, reprValue } from "./repr.ts";
export { encodeResult, resultContent } from "./result-form.ts";
export { failureText, finalSuccess, type ResultFacts, type ResultTuple, readResult, resultText } from "./result-meta.ts";
export { isAutoretried, mayRetry, retryDelayMs } from "./retry.ts";
export type { AbortReason, Ending, Execute, Run, RunControl } from "./run.ts";
export { isSchedule, isStorable, type Schedule } from "./schedule.ts";
export { type LocalFile, type Pulse, pagesOf, type ScheduleStore, type Tick } from "./schedule-store.ts";
export { idsSentAs, sendScheduled, tickId } from "./scheduled-call.ts";
export { storedSchedule } from "./schedules/stored.ts";
export { type TimeZone, timeZone } from "./schedules/time-zone.ts";
export { scheduleOf } from "./schedules.ts";
export { readSecret } from "./secret-file.ts";
export { createSender, type Sender } from "./sender.ts";
export { encodeJson, jsonSerializer } from "./serializers/json.ts";
export type { ServerFacts } from "./server-facts.ts";
export { createService, type Service, type ServiceSteps } from "./service.ts";
export {
  camelCase,
  choiceSetting,
  countSetting,
  durationSetting,
  flagSetting,
  namesSetting,
  resolveSettings,
  type Setting,
  type SettingsOf,
  type SettingTable,
  shownValue,
  snakeCase,
  textSetting,
  unknownName,
} from "./setting.ts";
export { shownJson, shownSettings } from "./shown-settings.ts";
export type { SignalEvents } from "./signals.ts";
export { type Connection, loadLibsql, memoryPath, openConnection, type Row, type Value } from "./sqlite/connection.ts";
export { failureOf as sqliteFailureOf } from "./sqlite/failure.ts";
export { canonicalPath, filePathOf as sqliteFilePath } from "./sqlite/file-path.ts";
export { refuseNetworkFileSystem } from "./sqlite/file-system.ts";
export { stateRecord } from "./state-record.ts";
export { isFinal } from "./states.ts";
export type { SignatureJson } from "./step.ts";
export { callStep } from "./step.ts";
export { digestOf, type EntryDefinition, type EntryState, type StoredEntry } from "./stored-entry.ts";
export { type ContextParts, createContext } from "./task-context.ts";
export { customHeaders, readTaskHeaders, stampValues, type TaskHeaders } from "./task-headers.ts";
export { fromWire } from "./task-input.ts";
export type { RunOptions } from "./task-options.ts";
export { taskFactsOf } from "./task-request.ts";
export { type UnrunFor, type UnrunStep, unrunBehind, unrunIn, unrunRecords } from "./unrun.ts";
