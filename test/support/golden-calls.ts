/** The calls of test/golden as our API makes them: capture name → call. What canvas sends is not here. */
import { type ApplyOptions, type Call, type CallOptions, createCall } from "../../packages/core/src/call.ts";
import { taskJson } from "../../packages/core/src/canvas/composite.ts";
import { createSignature } from "../../packages/core/src/canvas/signature.ts";

export interface GoldenCall {
  readonly task?: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: CallOptions;
  readonly link?: readonly unknown[];
  readonly linkError?: readonly unknown[];
  /** the task that sends it, as root and parent */
  readonly parent?: { readonly rootId: string; readonly parentId: string };
  /** properties that Python writes and we do not */
  readonly omits?: readonly string[];
  /** headers that say the same in other words */
  readonly differs?: readonly string[];
}

const nothingIsSent = (): never => {
  throw new Error("nothing is sent here");
};
const sender = { send: nothingIsSent, sendComposite: nothingIsSent, handle: nothingIsSent };
const sign = (name: string, args: readonly unknown[], kwargs = {}, immutable = false) =>
  createSignature(sender, taskJson(`proj.${name}`, args, kwargs, immutable));
const priorities = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

export const goldenCalls: Readonly<Record<string, GoldenCall>> = {
  plain_delay: {},
  no_args: { task: "proj.echo", args: [] },
  fixed_id: {},
  args_kwargs: {
    task: "proj.echo",
    args: [1, "two", 3.5, null, true, [1, [2]], { k: "v" }],
    kwargs: { a: 1, b: { c: [null] } },
  },
  countdown: { options: { countdown: 10 } },
  countdown_float: { options: { countdown: 2.5 } },
  countdown_zero: { options: { countdown: 0 } },
  eta_utc: { options: { eta: new Date("2030-01-02T03:04:05.678Z") } },
  eta_whole_second: { options: { eta: new Date("2030-01-02T03:04:05Z") } },
  eta_offset: { options: { eta: new Date("2030-01-02T03:04:05+05:30") } },
  eta_naive: { options: { eta: new Date("2030-01-02T03:04:05Z") } },
  countdown_tz_oslo: { options: { countdown: "1m" } },
  expires_seconds: { options: { expires: 30 } },
  expires_float: { options: { expires: "1500ms" } },
  expires_datetime: { options: { expires: new Date("2030-01-02T03:04:05Z") } },
  expires_past: { options: { expires: new Date("2020-01-02T03:04:05Z") } },
  countdown_and_expires: { options: { countdown: 5, expires: 60 } },
  ...Object.fromEntries(priorities.map((priority) => [`priority_${priority}`, { options: { priority } }])),
  queue_name: { options: { queue: "images_auto" } },
  time_limits: { options: { timeLimit: 60, softTimeLimit: 50 } },
  soft_time_limit_only: { options: { softTimeLimit: 1.5 } },
  link: { link: [sign("mul", [10])] },
  link_two: { link: [sign("mul", [10]), sign("echo", ["immutable"], { k: 1 }, true).set({ queue: "other", countdown: 3 })] },
  link_error: { linkError: [sign("on_err_new", [])] },
  link_and_link_error: { link: [sign("mul", [10])], linkError: [sign("on_err_old", []), sign("on_err_new", [])] },
  ignore_result: { options: { ignoreResult: true } },
  ignore_result_task_attr: { task: "proj.ignored_result", args: [], options: { ignoreResult: true } },
  shadow: { options: { shadow: "proj.add.shadowed" } },
  // Python repeats them among the properties, where nobody reads them.
  reprs: { options: { argsrepr: "(<secret>, 3)", kwargsrepr: "{'pw': '***'}" }, omits: ["argsrepr", "kwargsrepr"] },
  delivery_mode_transient: { options: { deliveryMode: "transient" } },
  custom_headers: { options: { headers: { "x-tenant": "acme", "x-num": 7, nested: { a: [1, 2] } } } },
  // Python shows each character as it is and cuts after 1,024; we escape what a terminal would obey, and cut the whole.
  json_unicode: { task: "proj.echo", args: ["żółć 日本 \u{1f600} \u2028 \u0000 </script>"], kwargs: { clé: "ñ" }, differs: ["argsrepr"] },
  reprs_long: { task: "proj.echo", args: ["x".repeat(2000), Array.from({ length: 400 }, (_, index) => index)], differs: ["argsrepr"] },
  root_parent_given: { parent: { rootId: "r-1", parentId: "p-1" } },
  reply_to_given: { options: { replyTo: "my-reply-queue" } },
  // Was called with a list, which Python shows as one.
  send_task_unregistered: { task: "other.service.task", args: [1], kwargs: { k: "v" }, differs: ["argsrepr"] },
};

export function callOf({ task = "proj.add", args = [2, 3], kwargs = {}, options = {}, link, linkError }: GoldenCall): Call {
  return createCall(task, args, { ...options, kwargs, link, linkError } as ApplyOptions<never>);
}
