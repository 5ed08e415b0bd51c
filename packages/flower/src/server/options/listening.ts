/** Where the monitor listens, and how it is reached there: rows of the table of options. */
import { countSetting } from "@celeriac/core/runtime";
import { pathPrefix, textOrNone, yesOrNo } from "../option-kinds.ts";

export const listeningOptions = {
  port: countSetting(5555, [0, 65_535], "Port that it listens on; 0 takes any that is free."),
  address: textOrNone(
    "Address of this machine that it listens on. Unset: all of them where a login is configured or the API is open without one, else 127.0.0.1.",
  ),
  allowInsecureBind: yesOrNo(false, "Listen on all addresses although whoever reaches them needs no login."),
  unixSocket: textOrNone("Path of a Unix socket to listen on, in place of a port; its mode is 0660."),
  certfile: textOrNone("File of the TLS certificate, PEM; with `keyfile` it serves https."),
  keyfile: textOrNone("File of the certificate's private key, PEM."),
  caCerts: textOrNone("File of certificates of authorities, PEM: of those that signed `certfile`, and, with `client_certs`, its clients'."),
  xheaders: yesOrNo(
    false,
    "It stands behind a proxy: believe X-Real-Ip, X-Scheme and X-Forwarded-* of a request. Only where no request comes past the proxy.",
  ),
  urlPrefix: pathPrefix("Path below which everything is served; nothing is served at the root then."),
} as const;
