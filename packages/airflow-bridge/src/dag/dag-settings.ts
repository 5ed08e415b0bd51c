/** The door for the table of commands: the settings of DAGs alone. */
export { dagSettingTable } from "./config.ts";
