/** Shown to whoever has to log in first. */

import { useEffect } from "react";
import { prefix } from "../address.ts";
import { Sign } from "../parts/icon.tsx";

export function LoginPage({ reason }: { readonly reason: string }) {
  useEffect(() => {
    document.title = "Log in · Celeriac";
  }, []);
  return (
    <main className="login">
      <div className="panel">
        <Sign />
        <h1>Celeriac</h1>
        <p className="soft wraps">{reason}</p>
        <a className="button first" href={`${prefix}/login`}>
          Log in
        </a>
      </div>
    </main>
  );
}
