/** Asks a monitor over HTTP, as curl would. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** of JSON; keys in their order */
  readonly json: <T = Readonly<Record<string, unknown>>>() => T;
}

export interface Asking {
  /** address of the monitor, its prefix included */
  readonly base: string;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** A text is sent under curl's default content type. */
  post(path: string, body?: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export function asking(base: string): Asking {
  const answer = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(base + path, init);
    const text = await response.text();
    return { status: response.status, text, headers: response.headers, json: () => JSON.parse(text) };
  };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  return {
    base,
    get: (path, headers = {}) => answer(path, { headers }),
    post: (path, body = "", headers = {}) => answer(path, { method: "POST", body, headers: { ...form, ...headers } }),
  };
}
