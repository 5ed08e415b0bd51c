/** Connections of `pg` that ask the app's credentials() for user and password before they open: the library itself asks for passwords alone. */
import type pg from "pg";
import type { Credentials, CredentialsSource } from "../credentials.ts";

type Opened = (error: Error | null) => void;

/** What the library tells the server of its user lies in a member that its types do not know. */
interface Inside {
  readonly connectionParameters: { user?: string | undefined };
}

/** `timeoutMs`: for the connection alone, whatever a pool gives connection and question together. */
export function askingClient(Client: typeof pg.Client, ask: CredentialsSource, timeoutMs: number): typeof pg.Client {
  return class AskingClient extends Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionTimeoutMillis: timeoutMs });
    }

    override connect(): Promise<pg.Client>;
    override connect(opened: Opened): void;
    override connect(opened?: Opened): Promise<pg.Client> | undefined {
      const opening = ask().then((given) => {
        logInAs(this, given);
        return super.connect();
      });
      if (opened === undefined) return opening;
      opening.then(() => opened(null), opened);
      return undefined;
    }
  } as typeof pg.Client;
}

function logInAs(client: pg.Client, { username, password }: Credentials): void {
  client.password = password;
  if (username === undefined) return;
  client.user = username;
  (client as unknown as Inside).connectionParameters.user = username;
}
