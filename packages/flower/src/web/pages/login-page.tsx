/** Shown to whoever has to log in first, and led back to the page that was asked for. */

import { useEffect } from "react";
import { prefix } from "../address.ts";
import { Icon, Sign } from "../parts/icon.tsx";

export function LoginPage() {
  useEffect(() => {
    document.title = "Log in · Celeriac";
  }, []);
  const { host, pathname, search } = location;
  return (
    <main className="login">
      <div className="panel">
        <Sign />
        <h1>Log in to Celeriac</h1>
        <p className="soft">
          The workers and tasks of <b className="wraps">{host}</b> are shown to those who have logged in.
        </p>
        <a className="button first" href={`${prefix}/login?next=${encodeURIComponent(pathname + search)}`}>
          <Icon name="user" />
          Log in
        </a>
      </div>
    </main>
  );
}
