/** The pickle (protocol 2) of an exception as Celery's JSON has it: a dictionary of texts. These few opcodes are all that is ever written, and none is read. */

const start = Buffer.from([0x80, 0x02]);
const mark = Buffer.from("(");
const emptyDictionary = Buffer.from("}");
const setItems = Buffer.from("u");
const emptyList = Buffer.from("]");
const append = Buffer.from("e");
const stop = Buffer.from(".");

/** `exception`: `{exc_type, exc_message, exc_module}`; null for anything else. */
export function pickleException(exception: unknown): Buffer | null {
  if (typeof exception !== "object" || exception === null || !("exc_type" in exception)) return null;
  const { exc_type: type, exc_message: message, exc_module: module } = exception as Readonly<Record<string, unknown>>;
  const words = Array.isArray(message) ? message : [message];
  return Buffer.concat([
    ...[start, emptyDictionary, mark],
    ...[text("exc_type"), text(type)],
    ...[text("exc_message"), emptyList, mark, ...words.map(text), append],
    ...[text("exc_module"), text(module ?? "builtins")],
    ...[setItems, stop],
  ]);
}

/** BINUNICODE: "X", the length in bytes (4, little endian), UTF-8. */
function text(value: unknown): Buffer {
  const bytes = Buffer.from(typeof value === "string" ? value : (JSON.stringify(value) ?? ""), "utf8");
  const head = Buffer.alloc(5, "X");
  head.writeUInt32LE(bytes.byteLength, 1);
  return Buffer.concat([head, bytes]);
}
