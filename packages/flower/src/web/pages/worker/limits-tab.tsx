/** How often and how long each task may run on it; both can be set until the worker starts anew. */
import { useState } from "react";
import { actOnWorker } from "../../api/actions.ts";
import { ActForm } from "../../parts/act-form.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Empty, Panel } from "../../parts/panel.tsx";
import { SearchField } from "../../parts/search-field.tsx";
import { type RegisteredTask, registeredTask } from "../../present/inspected.ts";
import { NotAsked } from "./not-asked.tsx";
import type { TabProps } from "./tab-props.ts";

export function LimitsTab({ worker, refusal, refresh }: TabProps) {
  const [text, setText] = useState("");
  const tasks = (worker.registered ?? []).map(registeredTask).filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  return (
    <Panel
      title="Registered tasks"
      flush
      end={<SearchField label="Search registered tasks" placeholder="Name" value={text} onChange={setText} />}
    >
      {worker.registered === null ? (
        <NotAsked />
      ) : tasks.length === 0 ? (
        <Empty icon="search" title="No task fits" />
      ) : (
        <ul className="limits">
          {tasks.map((task) => (
            <li key={task.name}>
              <Limits task={task} worker={worker} refusal={refusal} refresh={refresh} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Limits({ task: { name, facts }, worker, refusal, refresh }: TabProps & { readonly task: RegisteredTask }) {
  return (
    <details>
      <summary>
        <Icon name="right" />
        <span className="main-link wraps">{name}</span>
        <span className="faint">
          {Object.entries(facts)
            .map(([fact, value]) => `${fact} ${value}`)
            .join(" · ")}
        </span>
      </summary>
      <div className="forms">
        <ActForm
          label={`Rate limit of ${name}`}
          verb="Limit"
          refusal={refusal}
          act={({ rate }) => actOnWorker(worker.name, "rate-limit", { task: name, rate })}
          onDone={refresh}
        >
          <label className="field-label">
            Rate
            <input
              className="field short"
              name="rate"
              required
              placeholder="5/m"
              defaultValue={facts["rate_limit"]}
              pattern="\d+(\.\d+)?(/[smh])?"
              title="A number, or with /s, /m, /h: 5/m. 0 lifts the limit."
            />
          </label>
        </ActForm>
        <ActForm
          label={`Time limits of ${name}`}
          verb="Limit"
          refusal={refusal}
          act={({ soft, hard }) => actOnWorker(worker.name, "time-limit", { task: name, soft: secondsOf(soft), hard: secondsOf(hard) })}
          onDone={refresh}
        >
          <label className="field-label">
            Soft, in seconds
            <input className="field short" type="number" name="soft" min={0} step="any" />
          </label>
          <label className="field-label">
            Hard, in seconds
            <input className="field short" type="number" name="hard" min={0} step="any" defaultValue={facts["time_limit"]} />
          </label>
        </ActForm>
      </div>
    </details>
  );
}

function secondsOf(text: string | undefined): number | undefined {
  return text === undefined || text === "" ? undefined : Number(text);
}
