/** A private RabbitMQ node for tests: own home, node name, epmd, folders and loopback ports, so that any number can live beside a system's own. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { lowFreePorts } from "./free-port.ts";

/** Where a running node lives: plain JSON, so that it can be handed to another process, which then calls `rabbitmqAt`. */
export interface RabbitmqPlace {
  readonly directory: string;
  readonly node: string;
  readonly port: number;
  readonly distributionPort: number;
  readonly epmdPort: number;
  /** null: it speaks no TLS */
  readonly tls: { readonly port: number; readonly certificates: Certificates } | null;
}

export interface RabbitmqOptions {
  /** Speaks TLS on another port, too, verifies a client's certificate where there is one, and takes its common name for the user's (EXTERNAL). */
  readonly tls?: boolean;
  /** more lines of rabbitmq.conf */
  readonly settings?: readonly string[];
}

/** Which resources a user may make and delete, write to, and read from. */
export type RabbitmqPermissions = readonly [configure: string, write: string, read: string];

/** What can be asked of a running node from any process. */
export interface RabbitmqNode {
  readonly place: RabbitmqPlace;
  /** of the default vhost: "amqp://guest:guest@127.0.0.1:<port>/%2F" */
  readonly url: string;
  readonly port: number;
  /** Creates a vhost (again: harmless) that guest may do everything in; gives its URL. */
  vhost(name: string): Promise<string>;
  /** Creates a user. */
  addUser(name: string, password: string): Promise<void>;
  /** What a user may configure, write and read in a vhost, as patterns. */
  permit(user: string, vhost: string, permissions: RabbitmqPermissions): Promise<void>;
  /** Evaluates an Erlang expression in the node and gives the printed term, e.g. `rabbit_mnesia:status().` */
  evaluate(expression: string): Promise<string>;
  /** `rabbitmqctl <args>`; gives what it printed. About a second a call, for a virtual machine of its own: `evaluate` takes milliseconds. */
  ctl(...args: readonly string[]): Promise<string>;
}

export interface RabbitmqServer extends RabbitmqNode {
  /** Stops the broker and keeps its data; `hard` is kill -9. */
  down(options?: { readonly hard?: boolean }): Promise<void>;
  /** Starts it again on the same ports and data; resolves when it accepts connections. */
  up(): Promise<void>;
  /** down, then up. */
  restart(options?: { readonly hard?: boolean }): Promise<void>;
  /** The broker's process, for signals such as SIGSTOP; null while down. */
  pid(): number | null;
  /** Ends broker and epmd and removes their folder. Safe to call twice. */
  stop(): Promise<void>;
}

const startLimitMs = 60_000;
const sbin = ["/usr/lib/rabbitmq/bin", "/usr/lib/rabbitmq/sbin", "/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin"];

/** True when the programs needed are on this machine. */
export function hasRabbitmq(): boolean {
  return program("rabbitmq-server") !== null && program("epmd") !== null;
}

export async function startRabbitmq({ tls = false, settings = [] }: RabbitmqOptions = {}): Promise<RabbitmqServer> {
  const [port, distributionPort, epmdPort, tlsPort] = await lowFreePorts(4);
  const directory = await mkdtemp(join(tmpdir(), "celeriac-rabbitmq-"));
  const node = `celeriac-${process.pid}-${port}@localhost`;
  const place: RabbitmqPlace = {
    directory,
    node,
    port: port!,
    distributionPort: distributionPort!,
    epmdPort: epmdPort!,
    tls: tls ? { port: tlsPort!, certificates: await makeCertificates(directory) } : null,
  };
  await prepare(place, settings);
  const epmd = launch(required("epmd"), ["-port", String(epmdPort), "-address", "127.0.0.1"], place);
  let broker: ChildProcess | null = null;

  async function up(): Promise<void> {
    if (broker !== null) return;
    broker = launch(required("rabbitmq-server"), [], place);
    await untilAccepting(broker, place);
  }
  async function down(options: { readonly hard?: boolean } = {}): Promise<void> {
    const running = broker;
    broker = null;
    if (running !== null) await end(running, options.hard === true ? "SIGKILL" : "SIGTERM");
  }
  async function stop(): Promise<void> {
    await down({ hard: true });
    await end(epmd, "SIGKILL");
    await rm(directory, { recursive: true, force: true });
  }
  try {
    await up();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...rabbitmqAt(place),
    down,
    up,
    async restart(options) {
      await down(options);
      await up();
    },
    pid: () => broker?.pid ?? null,
    stop,
  };
}

/** The same node, seen from another process than the one that started it, which may `evaluate` for us. */
export function rabbitmqAt(
  place: RabbitmqPlace,
  evaluate: RabbitmqNode["evaluate"] = (expression) => evaluateIn(place, expression),
): RabbitmqNode {
  const permit: RabbitmqNode["permit"] = async (user, vhost, permissions) => {
    const words = [user, vhost, ...permissions].map(binary).join(", ");
    await evaluate(`ok = rabbit_auth_backend_internal:set_permissions(${words}, <<"test">>).`);
  };
  return {
    place,
    port: place.port,
    url: `amqp://guest:guest@127.0.0.1:${place.port}/%2F`,
    evaluate,
    ctl: (...args) => run(required("rabbitmqctl"), ["-n", place.node, "--quiet", ...args], place),
    async addUser(name, password) {
      await evaluate(`ok = rabbit_auth_backend_internal:add_user(${binary(name)}, ${binary(password)}, <<"test">>).`);
    },
    permit,
    async vhost(name) {
      await evaluate(`ok = rabbit_vhost:add(${binary(name)}, <<"test">>).`);
      await permit("guest", name, [".*", ".*", ".*"]);
      return `amqp://guest:guest@127.0.0.1:${place.port}/${encodeURIComponent(name)}`;
    },
  };
}

/** A text in Erlang. */
const binary = (text: string) => `<<${JSON.stringify(text)}>>`;

async function prepare({ directory, tls }: RabbitmqPlace, added: readonly string[]): Promise<void> {
  for (const folder of ["mnesia", "log"]) await mkdir(join(directory, folder));
  await writeFile(join(directory, "enabled_plugins"), tls === null ? "[].\n" : "[rabbitmq_auth_mechanism_ssl].\n");
  const settings = ["disk_free_limit.absolute = 50MB", "log.file.level = warning", ...added];
  if (tls !== null)
    settings.push(
      `listeners.ssl.1 = 127.0.0.1:${tls.port}`,
      `ssl_options.cacertfile = ${tls.certificates.caCerts}`,
      `ssl_options.certfile = ${tls.certificates.server.certfile}`,
      `ssl_options.keyfile = ${tls.certificates.server.keyfile}`,
      "ssl_options.verify = verify_peer",
      "ssl_options.fail_if_no_peer_cert = false",
      ...["PLAIN", "AMQPLAIN", "EXTERNAL"].map((mechanism, at) => `auth_mechanisms.${at + 1} = ${mechanism}`),
      "ssl_cert_login_from = common_name",
    );
  await writeFile(join(directory, "rabbitmq.conf"), `${settings.join("\n")}\n`);
}

function environment(place: RabbitmqPlace): NodeJS.ProcessEnv {
  const { directory } = place;
  return {
    PATH: `${sbin.join(delimiter)}${delimiter}${process.env["PATH"] ?? ""}`,
    LANG: "C.UTF-8",
    HOME: directory,
    ERL_EPMD_PORT: String(place.epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: place.node,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(place.port),
    RABBITMQ_DIST_PORT: String(place.distributionPort),
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    RABBITMQ_CONFIG_FILE: join(directory, "rabbitmq"),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(directory, "none"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "enabled_plugins"),
    RABBITMQ_MNESIA_BASE: join(directory, "mnesia"),
    RABBITMQ_LOG_BASE: join(directory, "log"),
    RABBITMQ_PID_FILE: join(directory, "pid"),
    // Without these the start script stays in front of the virtual machine and answers a signal by starting rabbitmqctl.
    RABBITMQ_ALLOW_INPUT: "1",
    RABBITMQ_SERVER_START_ARGS: "-noinput",
    // On few cores busy waiting takes the time from the tests; files of a test need not survive power loss.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+sbwt none +sbwtdcpu none +sbwtdio none +S 2:2",
  };
}

/** A child that does not outlive this process, where the system can promise that. */
function launch(path: string, args: readonly string[], place: RabbitmqPlace): ChildProcess {
  const setpriv = program("setpriv");
  const [command, ...before] = setpriv === null ? [path] : [setpriv, "--pdeathsig", "KILL", path];
  const child = spawn(command!, [...before, ...args], { cwd: place.directory, env: environment(place), stdio: ["ignore", "pipe", "pipe"] });
  const keep = (chunk: Buffer) => void appendFile(join(place.directory, "log", "output"), chunk).catch(() => {});
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  const forced = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await exited;
  clearTimeout(forced);
}

async function untilAccepting(child: ChildProcess, place: RabbitmqPlace): Promise<void> {
  const deadlineAt = performance.now() + startLimitMs;
  while (!(await greets(place.port))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || performance.now() > deadlineAt) {
      const output = await readFile(join(place.directory, "log", "output"), "utf8").catch(() => "");
      throw new Error(`RabbitMQ ${ended ? "ended" : "was not ready"} while starting: ${output.slice(-2000)}`);
    }
    await pause(50);
  }
}

/** True when the port answers AMQP's header, which it does only once the broker serves connections. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("AMQP\u0000\u0000\u0009\u0001"));
    const answer = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.once("data", (bytes) => answer(bytes[0] === 1));
    socket.once("error", () => answer(false));
    socket.once("close", () => answer(false));
    socket.setTimeout(2000, () => answer(false));
  });
}

async function evaluateIn(place: RabbitmqPlace, expression: string): Promise<string> {
  // erl_call takes milliseconds where rabbitmqctl takes a second; it comes with Erlang, but not with every packaging of it.
  const caller = program("erl_call");
  if (caller === null) return run(required("rabbitmqctl"), ["-n", place.node, "--quiet", "eval", expression], place);
  const cookie = (await readFile(join(place.directory, ".erlang.cookie"), "utf8")).trim();
  const args = ["-c", cookie, "-r", "-address", `localhost:${place.distributionPort}`, "-e"];
  const answer = await unlessRefused(() => run(caller, args, place, `${expression}\n`));
  if (!answer.startsWith("{ok,")) throw new Error(`Evaluating ${expression} gave ${answer}`);
  return answer.slice("{ok,".length, answer.lastIndexOf("}")).trim();
}

/** A busy node does not take every connection: then nothing was evaluated. */
async function unlessRefused(call: () => Promise<string>, attempts = 10): Promise<string> {
  try {
    return await call();
  } catch (error) {
    if (attempts === 1 || !String(error).includes("failed to connect to node")) throw error;
  }
  await pause(200);
  return await unlessRefused(call, attempts - 1);
}

function run(path: string, args: readonly string[], place: RabbitmqPlace, input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(path, args, { env: environment(place), cwd: place.directory }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else reject(new Error(`${path} ${args.join(" ")} failed: ${stderr || stdout || error.message}`, { cause: error }));
    });
    // Whether it failed is said by how it ends: it need not read what it is given.
    child.stdin?.on("error", () => {}).end(input ?? "");
  });
}

function required(name: string): string {
  const path = program(name);
  if (path === null) throw new Error(`${name} is not installed`);
  return path;
}

/** The wrappers on the PATH of Debian change to a system user when run as root, so RabbitMQ's own folders come first. */
function program(name: string): string | null {
  for (const folder of [...sbin, ...(process.env["PATH"] ?? "").split(delimiter), "/usr/lib/erlang/bin"]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here; the next folder may have it
    }
  }
  return null;
}
