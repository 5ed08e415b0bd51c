/** What the guard has to know of a route: each says it under `config.access`, and one that does not keeps the server from starting. */

/** How somebody is told no: a text, as Flower does for workers and limits; nothing but the status, as it does for other tasks; or `{"error"}`. */
export type RefusalForm = "text" | "empty" | "json";

export interface RouteAccess {
  /** probe: open to everybody. metrics: as `metrics` are. page: what people look at. api: what programs ask. */
  readonly kind: "probe" | "metrics" | "page" | "api";
  /** What it changes, in one word, for roles and the audit; null: nothing. */
  readonly action: ActionName | null;
  readonly refusal: RefusalForm;
  /** It goes on and on: pages of other sites may not even read it. */
  readonly isStream?: true;
}

export type ActionName =
  | "revoke"
  | "terminate"
  | "abort"
  | "retry"
  | "apply"
  | "time-limit"
  | "rate-limit"
  | "pool-grow"
  | "pool-shrink"
  | "pool-restart"
  | "autoscale"
  | "add-consumer"
  | "cancel-consumer"
  | "shutdown"
  | "login"
  | "logout";

declare module "fastify" {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
}

/** Why a request is not answered as it was asked: thrown by routes and actions, told in the form of the route. */
export class Refusal extends Error {
  readonly status: number;
  /** in place of the route's; null: as the route says */
  readonly form: RefusalForm | null;
  constructor(status: number, message: string, form: RefusalForm | null = null) {
    super(message);
    this.status = status;
    this.form = form;
    this.name = "Refusal";
  }
}
