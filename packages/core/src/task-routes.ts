/**
 * The setting `taskRoutes`: how it is written, checked, and looked up. Routers are asked one after another, the first that knows the task
 * decides; in a table its exact name comes first, then patterns in their order. What a route means is `router.ts`'s.
 */
import { ConfigError } from "./errors.ts";
import { isRecord, isSerializer, isText, type OptionCheck } from "./option-check.ts";
import { isPriority, type Priority } from "./priority.ts";
import type { SerializerName } from "./serializer.ts";
import { type Setting, shownValue, unknownName } from "./setting.ts";

/** Where a task goes, and what it is sent with, unless its call or its own options say otherwise. */
export interface TaskRoute {
  readonly queue?: string | undefined;
  readonly exchange?: string | undefined;
  readonly routingKey?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly serializer?: SerializerName | undefined;
}

/** What a function is told of the task: its name and options as it was defined. */
export interface RoutedTask {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Gives a route, the name of a queue, or nothing where it does not decide. `options` are the call's and, where that says nothing, the task's. */
export type RouteFunction = (
  name: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>>,
  task: RoutedTask | undefined,
) => TaskRoute | string | null | undefined;

/** By exact name or glob (`*` any signs, `?` one, `[ab]`, `[!ab]`); as a list of pairs also by regular expression, which is tried at the name's start, as in Celery. */
export type RouteTable = Readonly<Record<string, TaskRoute | string>> | readonly (readonly [string | RegExp, TaskRoute | string])[];
type TaskRouter = RouteTable | RouteFunction;
/** One router, or a list of them in the order in which they are asked. A list of pairs stands inside such a list. */
export type TaskRoutes = Readonly<Record<string, TaskRoute | string>> | RouteFunction | readonly TaskRouter[];

/** The route of a call; null: nothing is said of it. Throws CONFIG_INVALID, CONFIG_UNKNOWN for what a function gives, and what that throws. */
export type RouteLookup = (...asked: Parameters<RouteFunction>) => TaskRoute | null;

const routeChecks: Readonly<Record<keyof TaskRoute, OptionCheck>> = {
  queue: isText,
  exchange: isText,
  routingKey: (value) => typeof value === "string",
  priority: isPriority,
  serializer: isSerializer,
};

export const taskRoutesSetting = (doc: string): Setting<TaskRoutes> => ({
  kind: "table (name or glob → queue or {queue, exchange, routingKey, priority, serializer}), function, or list of tables, lists of pairs and functions",
  default: Object.freeze({}),
  doc,
  read(value, name = "taskRoutes") {
    if (typeof value !== "function" && !Array.isArray(value) && !isRecord(value)) return undefined;
    createLookups(value as TaskRoutes, name);
    return value as TaskRoutes;
  },
});

/** null: nothing is ever said. `known` is told each route of a table. Throws as the setting does. */
export function createRouteLookup(routes: TaskRoutes, known: (route: TaskRoute) => void): RouteLookup | null {
  const lookups = createLookups(routes, "taskRoutes", known);
  if (lookups.length === 0) return null;
  return (...asked) => {
    for (const lookup of lookups) {
      const route = lookup(...asked);
      if (route !== null) return route;
    }
    return null;
  };
}

function createLookups(routes: TaskRoutes, setting: string, known: (route: TaskRoute) => void = () => {}): readonly RouteLookup[] {
  const routers = (Array.isArray(routes) ? routes : [routes]) as readonly TaskRouter[];
  return routers.flatMap((router, index) => {
    const what = Array.isArray(routes) ? `${setting}[${index}]` : setting;
    if (typeof router === "function") return [ofFunction(router, what)];
    if (!isRecord(router) && !Array.isArray(router))
      throw new ConfigError("CONFIG_INVALID", `${what}: expected a table, a list of pairs or a function, got ${shownValue(router)}`);
    const pairs = Array.isArray(router) ? router : Object.entries(router);
    return pairs.length === 0 ? [] : [ofTable(pairs, what, known)];
  });
}

function ofFunction(router: RouteFunction, what: string): RouteLookup {
  return (...asked) => {
    const route = router(...asked);
    return route === null || route === undefined ? null : readRoute(route, `${what}, asked for ${asked[0]}`);
  };
}

function ofTable(pairs: readonly unknown[], what: string, known: (route: TaskRoute) => void): RouteLookup {
  const exact = new Map<string, TaskRoute>();
  const patterns: { readonly expression: RegExp; readonly route: TaskRoute }[] = [];
  for (const pair of pairs) {
    if (!isPair(pair))
      throw new ConfigError(
        "CONFIG_INVALID",
        `${what}: expected pairs of name, glob or regular expression and route, got ${shownValue(pair)}`,
      );
    const [key, written] = pair;
    const route = readRoute(written, `${what}, ${String(key)}`);
    known(route);
    if (key instanceof RegExp) patterns.push({ expression: new RegExp(key.source, `${key.flags.replace(/[gy]/g, "")}y`), route });
    else if (key.includes("*")) patterns.push({ expression: globExpression(key), route });
    else exact.set(key, route);
  }
  return (name) => exact.get(name) ?? patterns.find(({ expression }) => matches(expression, name))?.route ?? null;
}

function isPair(value: unknown): value is readonly [key: string | RegExp, route: unknown] {
  return Array.isArray(value) && value.length === 2 && (isText(value[0]) || value[0] instanceof RegExp);
}

function matches(expression: RegExp, name: string): boolean {
  expression.lastIndex = 0;
  return expression.test(name);
}

/** As Python's fnmatch: the whole name must fit. */
function globExpression(glob: string): RegExp {
  const source = glob.replace(/\[!?\]?[^\]]*\]|[\s\S]/g, (part) => {
    if (part === "*") return "[\\s\\S]*";
    if (part === "?") return "[\\s\\S]";
    if (part.length > 1)
      return `[${part
        .slice(1, -1)
        .replace(/^!/, "^")
        .replace(/[\\[\]]/g, "\\$&")}]`;
    return part.replace(/[\\^$.+?()[\]{}|]/g, "\\$&");
  });
  return new RegExp(`^${source}$`);
}

/** Under our names. Throws CONFIG_INVALID, CONFIG_UNKNOWN. */
function readRoute(written: unknown, what: string): TaskRoute {
  if (isText(written)) return { queue: written as string };
  if (!isRecord(written))
    throw new ConfigError("CONFIG_INVALID", `${what}: a route is a queue's name or an object, got ${shownValue(written)}`);
  const route: Record<string, unknown> = {};
  for (const [member, value] of Object.entries(written as object)) {
    const name = member === "routing_key" ? "routingKey" : member;
    if (!Object.hasOwn(routeChecks, name)) throw unknownName(`member of ${what}`, member, Object.keys(routeChecks));
    if (value === undefined || value === null) continue;
    if (!routeChecks[name as keyof TaskRoute](value, member))
      throw new ConfigError("CONFIG_INVALID", `${what}: ${member} cannot be ${shownValue(value)}`);
    route[name] = value;
  }
  return route;
}
