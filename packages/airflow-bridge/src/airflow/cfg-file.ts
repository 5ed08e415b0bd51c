/** Reads airflow.cfg as Python's configparser does: sections, values over several lines, and `%(name)s` for another value. Stands below config.ts. */

/** section → key → value as it is written; both in small letters */
export type CfgFile = ReadonlyMap<string, ReadonlyMap<string, string>>;

const defaultSection = "default";

export function parseCfg(text: string): CfgFile {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  let key: string | null = null;
  for (const line of text.split(/\r?\n/)) {
    const written = line.trim();
    if (written === "" || written.startsWith("#") || written.startsWith(";")) continue;
    const isContinued = key !== null && /^\s/.test(line);
    const header = /^\[(.+)\]$/.exec(written);
    const pair = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(written);
    if (isContinued) section.set(key!, `${section.get(key!)}\n${written}`.trim());
    else if (header !== null) {
      const name = header[1]!.toLowerCase();
      section = sections.get(name) ?? new Map();
      sections.set(name, section);
      key = null;
    } else if (pair !== null) {
      key = pair[1]!.toLowerCase();
      section.set(key, pair[2]!);
    }
  }
  return sections;
}

/** With what it refers to put in; null: it is not there. A reference to nothing stays as it is written. */
export function cfgValue(file: CfgFile, section: string, key: string, depth = 0): string | null {
  const written = file.get(section)?.get(key) ?? file.get(defaultSection)?.get(key);
  if (written === undefined) return null;
  return written.replace(/%(?:%|\(([^)]+)\)s)/g, (whole, name: string | undefined) => {
    if (name === undefined) return "%";
    return depth >= deepest ? whole : (cfgValue(file, section, name.toLowerCase(), depth + 1) ?? whole);
  });
}

/** As configparser has it. */
const deepest = 10;
