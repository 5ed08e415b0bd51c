/** An address that leads nowhere. */
import { Link } from "wouter";
import { pages } from "../address.ts";
import { Empty } from "../parts/panel.tsx";
import { Page } from "../shell/shell.tsx";

export function NotFoundPage() {
  return (
    <Page title="Not found">
      <Empty icon="slash" title="There is no such page">
        <Link href={pages.overview}>To the overview</Link>
      </Empty>
    </Page>
  );
}
