/** Where one can go, and what holds for all pages: theme, time zone, who is logged in. On a phone it is a bar above and one below. */
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "wouter";
import { pages } from "../address.ts";
import { overviewQuery } from "../api/queries.ts";
import { count } from "../format/number.ts";
import { Icon, type IconName, Sign } from "../parts/icon.tsx";
import { prefer, type Theme, usePreferences } from "../preferences.ts";
import { LiveControl } from "./live-control.tsx";
import { useSession } from "./session.tsx";

const places: readonly { readonly title: string; readonly to: string; readonly icon: IconName; readonly below: string }[] = [
  { title: "Overview", to: pages.overview, icon: "overview", below: "" },
  { title: "Workers", to: pages.workers, icon: "workers", below: "/worker/" },
  { title: "Tasks", to: pages.tasks, icon: "tasks", below: "/task/" },
];
const dagPlace = { title: "DAGs", to: pages.dags, icon: "dags", below: "/dag/" } as const;

export function Sidebar() {
  const { options, user, role, version } = useSession();
  return (
    <header className="side">
      <Link href={pages.overview} className="brand">
        <Sign />
        Celeriac
        {options.environment !== null && <span className="environment">{options.environment}</span>}
      </Link>
      <Places />
      <div className="side-foot">
        <LiveControl />
        {user !== null && (
          <div className="line wide" title={`Role: ${role}`}>
            <Icon name="user" />
            <span className="cut">
              {user} · {role}
            </span>
          </div>
        )}
        <ZoneChoice zone={options.timeZone} />
        <div className="line">
          <ThemeChoice />
          <span className="wide">Celeriac {version}</span>
        </div>
      </div>
    </header>
  );
}

function Places() {
  const [location] = useLocation();
  const { data } = useQuery(overviewQuery);
  const { dags } = useSession();
  return (
    <nav className="places" aria-label="Pages">
      {(dags ? [...places, dagPlace] : places).map(({ title, to, icon, below }) => {
        const isHere = location === to || (below !== "" && location.startsWith(below));
        return (
          <Link key={to} href={to} aria-current={isHere ? "page" : undefined}>
            <Icon name={icon} />
            {title}
            {to === pages.workers && data !== undefined && <span className="count figures">{count(data.workers.online)}</span>}
          </Link>
        );
      })}
    </nav>
  );
}

const themes: Readonly<Record<Theme, { readonly next: Theme; readonly icon: IconName; readonly title: string }>> = {
  system: { next: "light", icon: "system", title: "Theme: as the system" },
  light: { next: "dark", icon: "sun", title: "Theme: light" },
  dark: { next: "system", icon: "moon", title: "Theme: dark" },
};

function ThemeChoice() {
  const { theme } = usePreferences();
  const { next, icon, title } = themes[theme];
  return (
    <button type="button" className="button plain square theme" title={title} aria-label={title} onClick={() => prefer({ theme: next })}>
      <Icon name={icon} />
    </button>
  );
}

function ZoneChoice({ zone }: { readonly zone: string }) {
  const { zone: chosen } = usePreferences();
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (own === zone) return null;
  const isOwn = chosen === "browser";
  return (
    <button
      type="button"
      className="button plain wide zone"
      title={
        isOwn
          ? `Times are of ${own}. Show them as Celery is set: ${zone}`
          : `Times are of ${zone}. Show them as this browser is set: ${own}`
      }
      onClick={() => prefer({ zone: isOwn ? "celery" : "browser" })}
    >
      <Icon name="globe" />
      <span className="cut">{isOwn ? own : zone}</span>
    </button>
  );
}
