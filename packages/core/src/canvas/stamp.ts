/** Puts stamps on the tasks of a signature, and on what is linked to them: the same on all, or what a visitor says of each. */
import type { SignatureJson } from "../step.ts";
import { stampValues } from "../task-headers.ts";
import { bodyOf, headerOf, kindOf, linksOf, tasksOf, withOptions, withParts } from "./composite.ts";

/** Values by name. */
export type Stamps = Readonly<Record<string, unknown>>;
/** What a visitor adds; nothing: nothing. */
type Added = Stamps | undefined | void;

/**
 * Says which stamps the parts of a signature get: asked of each part from the outside in, in the order in which it would run. `stamps` are those that the
 * part has so far from what it is part of, or linked to; what is returned is added for the part and all in it, in place of stamps of the same names.
 */
export interface StampingVisitor {
  /** a task, also one that is linked */
  onSignature(task: SignatureJson, stamps: Stamps): Added;
  onChainStart?(chain: SignatureJson, stamps: Stamps): Added;
  onChainEnd?(chain: SignatureJson, stamps: Stamps): void;
  onGroupStart?(group: SignatureJson, stamps: Stamps): Added;
  onGroupEnd?(group: SignatureJson, stamps: Stamps): void;
  /** for the tasks of the header; without it the header is a group like others */
  onChordHeaderStart?(chord: SignatureJson, stamps: Stamps): Added;
  onChordHeaderEnd?(chord: SignatureJson, stamps: Stamps): void;
  /** for the body */
  onChordBody?(chord: SignatureJson, stamps: Stamps): Added;
  /** before what is linked is seen as a signature of its own */
  onCallback?(callback: SignatureJson, stamps: Stamps): Added;
  onErrback?(errback: SignatureJson, stamps: Stamps): Added;
}

export interface StampOptions {
  /** true: a stamp that is there already keeps its values, and gets these as well */
  append?: boolean | undefined;
}

/** Stamps on every task of it, and on what is linked to them. */
export function withStamps(signature: SignatureJson, by: Stamps | StampingVisitor, { append = false }: StampOptions = {}): SignatureJson {
  const join = append ? appended : replaced;
  return isVisitor(by) ? stamped({ visitor: by, join }, signature, {}) : stamped({ visitor: silent, join }, signature, by);
}

interface Stamping {
  readonly visitor: StampingVisitor;
  /** the stamps of a part, and those that it gets */
  join(stamps: Stamps, added: Added): Stamps;
}

const silent: StampingVisitor = Object.freeze({ onSignature: () => undefined });

function isVisitor(by: Stamps | StampingVisitor): by is StampingVisitor {
  return typeof by["onSignature" as keyof typeof by] === "function";
}

function stamped(stamping: Stamping, signature: SignatureJson, outer: Stamps): SignatureJson {
  const { visitor, join } = stamping;
  const linked = withLinks(stamping, signature, outer);
  switch (kindOf(signature)) {
    case null:
      return marked(join, linked, join(outer, visitor.onSignature(signature, outer)));
    case "chain": {
      const stamps = join(outer, visitor.onChainStart?.(signature, outer));
      const tasks = tasksOf(linked).map((step) => stamped(stamping, step, stamps));
      visitor.onChainEnd?.(signature, stamps);
      return withParts(linked, { tasks });
    }
    case "group": {
      const stamps = join(outer, visitor.onGroupStart?.(signature, outer));
      const tasks = tasksOf(linked).map((member) => stamped(stamping, member, stamps));
      visitor.onGroupEnd?.(signature, stamps);
      return withParts(linked, { tasks });
    }
    case "chord": {
      const header = stampedHeader(stamping, signature, outer);
      const body = stamped(stamping, bodyOf(signature), join(outer, visitor.onChordBody?.(signature, outer)));
      return withParts(linked, { header, body });
    }
  }
}

function stampedHeader(stamping: Stamping, chord: SignatureJson, outer: Stamps): SignatureJson {
  const { visitor, join } = stamping;
  const header = headerOf(chord);
  if (visitor.onChordHeaderStart === undefined && visitor.onChordHeaderEnd === undefined) return stamped(stamping, header, outer);
  const stamps = join(outer, visitor.onChordHeaderStart?.(chord, outer));
  const tasks = tasksOf(header).map((member) => stamped(stamping, member, stamps));
  visitor.onChordHeaderEnd?.(chord, stamps);
  return withParts(header, { tasks });
}

function withLinks(stamping: Stamping, signature: SignatureJson, outer: Stamps): SignatureJson {
  const { visitor, join } = stamping;
  const all = (name: "link" | "link_error", visit: StampingVisitor["onCallback"]) => {
    const links = linksOf(signature.options, name);
    return links.length === 0
      ? {}
      : { [name]: links.map((link) => stamped(stamping, link, join(outer, visit?.call(visitor, link, outer)))) };
  };
  const links = { ...all("link", visitor.onCallback), ...all("link_error", visitor.onErrback) };
  return Object.keys(links).length === 0 ? signature : withOptions(signature, links);
}

/** On the wire each stamp is an option of its own, and `stamped_headers` says which those are. */
function marked(join: Stamping["join"], task: SignatureJson, stamps: Stamps): SignatureJson {
  if (Object.keys(stamps).length === 0) return task;
  const all = join(stampsOf(task), stamps);
  return withOptions(task, { ...all, stamped_headers: Object.keys(all) });
}

function stampsOf({ options }: SignatureJson): Stamps {
  const names: unknown = options?.["stamped_headers"];
  if (!Array.isArray(names)) return {};
  return Object.fromEntries(names.filter((name) => Object.hasOwn(options, name)).map((name) => [name, options[name]]));
}

function replaced(stamps: Stamps, added: Added): Stamps {
  return { ...stamps, ...added };
}

function appended(stamps: Stamps, added: Added): Stamps {
  const both = Object.entries(added ?? {}).map(([name, value]) => [
    name,
    Object.hasOwn(stamps, name) ? [...stampValues(stamps[name]), ...stampValues(value)] : value,
  ]);
  return { ...stamps, ...Object.fromEntries(both) };
}
