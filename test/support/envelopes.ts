/** They lie where programs find them, too, which are built. */
export { createEnvelope, type EnvelopeChanges, idOf, publicationTo } from "../programs/envelopes.ts";
