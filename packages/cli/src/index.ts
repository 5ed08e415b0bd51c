/** The door of the package users install: core, as it is. */
export * from "@celeriac/core";
