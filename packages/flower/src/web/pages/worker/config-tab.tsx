/** The settings it runs with; secrets come as stars. */
import { useState } from "react";
import { Empty, Pairs, Panel } from "../../parts/panel.tsx";
import { SearchField } from "../../parts/search-field.tsx";
import { pairsOf } from "../../present/inspected.ts";
import { NotAsked } from "./not-asked.tsx";
import type { TabProps } from "./tab-props.ts";

export function ConfigTab({ worker: { conf } }: TabProps) {
  const [text, setText] = useState("");
  const settings = pairsOf(conf ?? {})
    .filter(([name]) => name.toLowerCase().includes(text.toLowerCase()))
    .sort(([one], [other]) => one.localeCompare(other));
  return (
    <Panel title="Settings" end={<SearchField label="Search settings" placeholder="Name" value={text} onChange={setText} />}>
      {conf === null ? (
        <NotAsked />
      ) : settings.length === 0 ? (
        <Empty icon="search" title="No setting fits" />
      ) : (
        <Pairs of={settings} isCode />
      )}
    </Panel>
  );
}
