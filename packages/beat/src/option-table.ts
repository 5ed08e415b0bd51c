/** The door for the command's table: what a beat takes, without the beat itself, which is loaded when one is started. */
export { beatOptionTable } from "./options.ts";
