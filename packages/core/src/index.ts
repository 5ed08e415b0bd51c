/** The door for users: apps, tasks, results, errors. */
export type { App, AppOptions, ContextOf, Health } from "./app.ts";
export { createApp } from "./app.ts";
export type { ApplyOptions, CallOptions } from "./call.ts";
export { chain, chainOf } from "./canvas/chain.ts";
export { chord, chordOf } from "./canvas/chord.ts";
export { type GroupSignature, group, groupOf } from "./canvas/group.ts";
export type { ImmutableSignature, Signature } from "./canvas/signature.ts";
export type { StampingVisitor, StampOptions, Stamps } from "./canvas/stamp.ts";
export type { CompressionName } from "./compression.ts";
export type { Config, Settings } from "./config.ts";
export type { TaskContext, TaskFacts, TaskRequest } from "./context.ts";
export type { Paused, PauseTargets } from "./control/pausing.ts";
export type { Control, ControlOptions, ControlReplies, QueueBindingOptions, ReplyOptions } from "./control.ts";
export type { Credentials, CredentialsHook, CredentialsRequest } from "./credentials.ts";
export type { CommandedWorker, CustomCommandOptions, RunCommand } from "./custom-command.ts";
export type { DepsScope } from "./deps.ts";
export type { Duration } from "./duration.ts";
export type { ErrorCode } from "./error-table.ts";
export {
  BackendError,
  BrokerError,
  CeleriacError,
  ConfigError,
  type ErrorClass,
  PublishError,
  type RemoteError,
  ResultTimeoutError,
  TaskError,
  TaskRevokedError,
} from "./errors.ts";
export { type GroupResult, isGroupResult, type SentGroup } from "./group-result.ts";
export type { GroupProgress, MemberEnd } from "./group-watch.ts";
export type { Logger } from "./logger.ts";
export { type Middleware, type OutgoingMessage, type TraceCarrier, traceContext } from "./middleware.ts";
export type { Priority } from "./priority.ts";
export type { ExchangeType } from "./queue-table.ts";
export type { RateLimit } from "./rate-limit.ts";
export type { AsyncResult, CollectedResult, Sent } from "./result.ts";
export type { WaitOptions } from "./result-wait.ts";
export type { OnGap, OnOverlap, Schedule, SolarEvent, StorableSchedule } from "./schedule.ts";
export type { ScheduleOptions } from "./schedule-entry.ts";
export { clocked } from "./schedules/clocked.ts";
export { type CrontabOptions, crontab } from "./schedules/crontab.ts";
export type { CrontabFields } from "./schedules/crontab-fields.ts";
export { type EveryOptions, every } from "./schedules/interval.ts";
export { solar } from "./schedules/solar.ts";
export type { ScheduleEntry, Schedules } from "./schedules.ts";
export type { SerializerName } from "./serializer.ts";
export type { CeleryBeatEntry } from "./settings/beat.ts";
export type { Signal, SignalEvents, Signals } from "./signals.ts";
export type { Outcome, TaskSnapshot, TaskState } from "./snapshot.ts";
export type { Errback, FailureInfo, SignatureJson, Step } from "./step.ts";
export type { AnyTask, ArgsOf, DeclaredTask, ResultOf, Sign, Task, TaskRef } from "./task.ts";
export type { DropTail, Rest, Suffixes } from "./task-arguments.ts";
export { shape } from "./task-input.ts";
export type { RunOptions, SendOptions, TaskOptions } from "./task-options.ts";
export type { BindingOptions, NamedQueue, QueueOptions, TaskQueues } from "./task-queues.ts";
export type { RoutedTask, RouteFunction, RouteTable, TaskRoute, TaskRoutes } from "./task-routes.ts";
