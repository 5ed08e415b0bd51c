/** Values of XComs between TypeScript and Python: a Date is a datetime there, and the other way round. Python's other classes stay as Airflow writes them. */

const datetimeClasses = new Set(["datetime.datetime", "pendulum.datetime.DateTime"]);
const utc = ["UTC", "pendulum.tz.timezone.Timezone", 1, true];

/** Throws TypeError for what JSON cannot say. */
export function toPython(value: unknown): unknown {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError("An invalid Date has no datetime");
    return { __classname__: "datetime.datetime", __version__: 2, __data__: { timestamp: value.getTime() / 1_000, tz: utc } };
  }
  if (typeof value === "function" || typeof value === "symbol") throw new TypeError(`A ${typeof value} cannot be an XCom`);
  return mapParts(value, toPython);
}

export function fromPython(value: unknown): unknown {
  const { __classname__: name, __data__: data } = (value ?? {}) as { readonly __classname__?: unknown; readonly __data__?: unknown };
  const { timestamp } = (typeof data === "object" && data !== null ? data : {}) as { readonly timestamp?: unknown };
  if (typeof name === "string" && datetimeClasses.has(name) && typeof timestamp === "number") return new Date(timestamp * 1_000);
  return mapParts(value, fromPython);
}

/** undefined is left out of objects, as JSON leaves it out. */
function mapParts(value: unknown, change: (part: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== "object" || value === null) return value;
  const parts = "toJSON" in value && typeof value.toJSON === "function" ? value.toJSON() : value;
  if (typeof parts !== "object" || parts === null) return parts;
  return Object.fromEntries(
    Object.entries(parts)
      .filter(([, part]) => part !== undefined)
      .map(([name, part]) => [name, change(part)]),
  );
}
