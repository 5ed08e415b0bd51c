/** From who is asking to the page that is shown. */
import { useQuery } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useMemo } from "react";
import { Redirect, Route, Switch } from "wouter";
import type { SessionView } from "../shared/contract.ts";
import { pages } from "./address.ts";
import { Refused } from "./api/ask.ts";
import { sessionQuery } from "./api/queries.ts";
import { LiveProvider } from "./live/live.tsx";
import { LoginPage } from "./pages/login-page.tsx";
import { NotFoundPage } from "./pages/not-found-page.tsx";
import { type Face, FaceContext } from "./parts/instant.tsx";
import { Waiting } from "./parts/panel.tsx";
import { ToastProvider } from "./parts/toasts.tsx";
import { Trouble } from "./parts/trouble.tsx";
import { usePreferences } from "./preferences.ts";
import { SessionContext } from "./shell/session.tsx";
import { Page, Shell } from "./shell/shell.tsx";

const OverviewPage = lazy(async () => ({ default: (await import("./pages/overview/overview-page.tsx")).OverviewPage }));
const WorkersPage = lazy(async () => ({ default: (await import("./pages/workers/workers-page.tsx")).WorkersPage }));
const WorkerPage = lazy(async () => ({ default: (await import("./pages/worker/worker-page.tsx")).WorkerPage }));
const TasksPage = lazy(async () => ({ default: (await import("./pages/tasks/tasks-page.tsx")).TasksPage }));
const DagsPage = lazy(async () => ({ default: (await import("./pages/dags/dags-page.tsx")).DagsPage }));
const DagPage = lazy(async () => ({ default: (await import("./pages/dag/dag-page.tsx")).DagPage }));
const TaskPage = lazy(async () => ({ default: (await import("./pages/task/task-page.tsx")).TaskPage }));

export function App() {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  if (session !== undefined) return <Inside session={session} />;
  if (error instanceof Refused && error.status === 401) return <LoginPage />;
  if (error !== null) return <Trouble error={error} again={() => void refetch()} />;
  return null;
}

function Inside({ session }: { readonly session: SessionView }) {
  return (
    <SessionContext value={session}>
      <FaceProvider session={session}>
        <ToastProvider>
          <LiveProvider startsPaused={!session.options.autoRefresh}>
            <Shell>
              <Suspense fallback={<Coming />}>
                <Switch>
                  <Route path="/" component={OverviewPage} />
                  <Route path="/workers" component={WorkersPage} />
                  <Route path="/worker/*" component={WorkerPage} />
                  <Route path="/tasks" component={TasksPage} />
                  <Route path="/task/*" component={TaskPage} />
                  <Route path="/dags" component={DagsPage} />
                  <Route path="/dag/*" component={DagPage} />
                  <Route path="/dashboard">
                    <Redirect to={pages.workers} replace />
                  </Route>
                  <Route component={NotFoundPage} />
                </Switch>
              </Suspense>
            </Shell>
          </LiveProvider>
        </ToastProvider>
      </FaceProvider>
    </SessionContext>
  );
}

function FaceProvider({ session: { options }, children }: { readonly session: SessionView; readonly children: ReactNode }) {
  const { zone } = usePreferences();
  const face = useMemo<Face>(
    () => ({ zone: zone === "celery" ? options.timeZone : undefined, natural: options.naturalTime }),
    [zone, options.timeZone, options.naturalTime],
  );
  return <FaceContext value={face}>{children}</FaceContext>;
}

function Coming() {
  return (
    <Page title="Celeriac" heading={<h1>&nbsp;</h1>}>
      <Waiting />
    </Page>
  );
}
