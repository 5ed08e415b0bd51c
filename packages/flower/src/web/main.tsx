/** Starts the monitor's pages: theme first, so that nothing flashes, then the page. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { prefix } from "./address.ts";
import { Refused } from "./api/ask.ts";
import { App } from "./app.tsx";
import { applyPreferences } from "./preferences.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/live.css";
import "./styles/parts.css";
import "./styles/controls.css";
import "./styles/grid.css";
import "./styles/chart.css";
import "./styles/pages.css";
import "./styles/overview.css";
import "./styles/worker.css";
import "./styles/tasks.css";
import "./styles/task.css";
import "./styles/dag.css";

applyPreferences();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What was refused will be again; what was not answered may be.
      retry: (failures, error) => failures < 2 && error instanceof Refused && (error.status === 0 || error.status >= 502),
    },
  },
});

createRoot(document.querySelector("#root")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Router base={prefix}>
        <App />
      </Router>
    </QueryClientProvider>
  </StrictMode>,
);
