/** The pool that runs its tasks: what it says of itself, and how many it may run at once. */
import { actOnWorker } from "../../api/actions.ts";
import { duration } from "../../format/duration.ts";
import { ActForm } from "../../parts/act-form.tsx";
import { Pairs, Panel } from "../../parts/panel.tsx";
import { fieldsOf, numberOf, pairsOf, poolFacts, textOf, worded } from "../../present/inspected.ts";
import { NotAsked } from "./not-asked.tsx";
import type { TabProps } from "./tab-props.ts";

export function PoolTab({ worker, refusal, refresh }: TabProps) {
  const stats = worker.stats;
  const pool = fieldsOf(stats?.["pool"]);
  const autoscaler = fieldsOf(stats?.["autoscaler"]);
  const uptime = numberOf(stats?.["uptime"]);
  const act = (action: string) => (words: Readonly<Record<string, string>>) => actOnWorker(worker.name, action, numbersOf(words));
  return (
    <div className="halves">
      <Panel title="Pool">
        {stats === null ? (
          <NotAsked />
        ) : (
          <Pairs
            of={[
              ["Process", textOf(stats["pid"])],
              ["Up, when asked", uptime === null ? null : duration(uptime)],
              ["Prefetch", textOf(stats["prefetch_count"])],
              ...poolFacts(pool),
              ...pairsOf(autoscaler).map(([name, text]) => [`Autoscaler: ${worded(name).toLowerCase()}`, text] as const),
            ]}
          />
        )}
      </Panel>
      <Panel title="Size">
        <div className="forms">
          <ActForm label="Grow the pool" verb="Grow" refusal={refusal} act={act("pool-grow")} onDone={refresh}>
            <NumberField label="More slots" name="n" value={1} />
          </ActForm>
          <ActForm label="Shrink the pool" verb="Shrink" refusal={refusal} act={act("pool-shrink")} onDone={refresh}>
            <NumberField label="Fewer slots" name="n" value={1} />
          </ActForm>
          <ActForm label="Let the pool scale itself" verb="Autoscale" refusal={refusal} act={act("pool-autoscale")} onDone={refresh}>
            <NumberField label="At least" name="min" value={numberOf(autoscaler["min"]) ?? 1} />
            <NumberField label="At most" name="max" value={numberOf(autoscaler["max"]) ?? worker.slots ?? 1} />
          </ActForm>
        </div>
      </Panel>
    </div>
  );
}

function NumberField({ label, name, value }: { readonly label: string; readonly name: string; readonly value: number }) {
  return (
    <label className="field-label">
      {label}
      <input className="field short" type="number" name={name} min={0} step={1} required defaultValue={value} />
    </label>
  );
}

function numbersOf(words: Readonly<Record<string, string>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(words).map(([name, text]) => [name, Number(text)]));
}
