/** It lies where programs find it, too, which are built. */
export { driverContext } from "../programs/driver-context.ts";
