/** Translates what the AMQP library throws into our errors, once, at this edge. Its texts hold no password. */
import { BrokerError, reasonOf } from "../errors.ts";
import { tlsFailure } from "../tls.ts";
import type { AmqpAddress } from "./address.ts";

/** Reply codes of AMQP that mean something to us. */
export const replyCode = { accessRefused: 403, notFound: 404, locked: 405, preconditionFailed: 406, notImplemented: 540 } as const;

/** The reply code with which the broker closed a channel or a connection, or null. */
export function replyCodeOf(error: unknown): number | null {
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === "number" ? code : null;
}

/** Why a connection could not be opened: BROKER_AUTH, BROKER_TLS, BROKER_REFUSED or BROKER_UNREACHABLE. */
export function connectFailure(cause: unknown, address: AmqpAddress): BrokerError {
  const reason = reasonOf(cause);
  const encryption = address.tls === null ? null : tlsFailure(cause);
  if (encryption !== null) {
    return new BrokerError("BROKER_TLS", `No encrypted connection to RabbitMQ (${address.label}): ${encryption}`, { cause });
  }
  if (/ACCESS[-_]REFUSED/.test(reason)) {
    const what = address.loginMethod === "EXTERNAL" ? "which user the certificate stands for" : "user and password";
    return new BrokerError("BROKER_AUTH", `RabbitMQ refused the login (${address.label}): check ${what}`, { cause });
  }
  if (/Expected ConnectionOpenOk/.test(reason)) {
    const why = `there is no vhost ${JSON.stringify(address.vhost)}, or ${address.username} may not use it`;
    return new BrokerError("BROKER_REFUSED", `RabbitMQ refused the connection (${address.label}): ${why}`, { cause });
  }
  if (/Handshake terminated|SASL mechanism/.test(reason)) {
    return new BrokerError("BROKER_REFUSED", `RabbitMQ refused the connection (${address.label}): ${reason}`, { cause });
  }
  return new BrokerError("BROKER_UNREACHABLE", `RabbitMQ does not answer (${address.label}): ${reason}`, { cause });
}

/** Why none of several servers could be connected to: the words of all, and the code of one that may heal if there is such. */
export function noneReached(failures: readonly BrokerError[]): BrokerError {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first;
  const { code } = failures.find((failure) => failure.code === "BROKER_UNREACHABLE") ?? first!;
  const reasons = failures.map((failure) => failure.message).join("; ");
  return new BrokerError(code, `None of ${failures.length} servers could be connected to. ${reasons}`, {
    cause: new AggregateError(failures),
  });
}

/** Why an operation on an open connection failed: BROKER_REFUSED when the broker said no or AMQP cannot say it, else BROKER_UNREACHABLE. */
export function operationFailure(cause: unknown, what: string): BrokerError {
  if (BrokerError.is(cause)) return cause;
  if (cause instanceof TypeError || cause instanceof RangeError)
    return new BrokerError("BROKER_REFUSED", `RabbitMQ cannot be asked to ${what}: ${reasonOf(cause)}`, { cause });
  const refused = replyCodeOf(cause) !== null;
  return refused
    ? new BrokerError("BROKER_REFUSED", `RabbitMQ refused to ${what}: ${reasonOf(cause)}`, { cause })
    : new BrokerError("BROKER_UNREACHABLE", `The connection was lost while asked to ${what}: ${reasonOf(cause)}`, { cause });
}
