/** Who may see and change what: rows of the table of options. */
import { choiceSetting, countSetting, type SettingsOf } from "@celeriac/core/runtime";
import { textOrNone, texts, yesOrNo } from "../option-kinds.ts";

export const accessOptions = {
  basicAuth: texts([], "Users and their passwords for HTTP's basic login: NAME:PASSWORD, or several.", { secret: true }),
  apiTokens: texts([], "Tokens of programs, sent as `Authorization: Bearer TOKEN`: NAME:TOKEN, or several; a token has 16 signs or more.", {
    secret: true,
  }),
  roles: texts(
    [],
    "What users and tokens may do: NAME=viewer, NAME=operator or NAME=admin, or several; `*` is everybody else, and may do all unless told.",
  ),
  auth: textOrNone("Who may log in through `auth_provider`: an e-mail address, several with | between them, or .*@example.com."),
  authProvider: textOrNone("Through whom one logs in: google, github, gitlab, okta or oidc, or the name that Flower has for it."),
  oauth2Key: textOrNone("Client id at the provider."),
  oauth2Secret: textOrNone("Client secret at the provider. Unset: the client has none.", { secret: true }),
  oauth2RedirectUri: textOrNone(
    "Address of this monitor's /login, as the provider knows it. Unset: that under which the monitor was asked.",
  ),
  oidcIssuer: textOrNone("Oidc: address of the issuer."),
  oauth2OktaBaseUrl: textOrNone("Okta: address of the issuer."),
  githubOauthDomain: textOrNone("GitHub: domain of an Enterprise server."),
  gitlabOauthDomain: textOrNone("GitLab: domain of a server of one's own."),
  gitlabAuthAllowedGroups: texts([], "GitLab: members of one of these groups alone."),
  gitlabMinAccessLevel: countSetting(20, [0, 100], "GitLab: least access level that a member has in its group."),
  cookieSecret: textOrNone("Seals the cookies of those who have logged in. Unset: one that is kept beside the history.", { secret: true }),
  clientCerts: choiceSetting(
    ["none", "required"],
    "none",
    "required: over TLS only clients are served that show a certificate of an authority in `ca_certs`; where no other login is configured that is the login, and the certificate's common name the user. none asks for none, as Flower.",
  ),
  unauthenticatedApi: yesOrNo(false, "Whoever reaches the monitor may use its API, and change things, without a login."),
  readOnly: yesOrNo(false, "Nothing can be changed, by nobody."),
  allowedHosts: texts([], "Host names under which a monitor without a login answers on its own machine, beside localhost."),
  corsOrigins: texts([], "Origins, such as https://ops.example.com, whose pages may use the API; `*` may read alone."),
  metricsAuth: choiceSetting(["auto", "none", "login"], "auto", "Whether /metrics needs a login; auto: where one is configured."),
  metricsToken: textOrNone("Bearer token that may read /metrics, and nothing else.", { secret: true }),
  changesPerMinute: countSetting(
    60,
    [0, 1_000_000],
    "How much one user may change in a minute; tasks that are sent do not count. 0: any number.",
  ),
  redact: texts(
    [],
    "Names of arguments that are not stored, beside those of passwords, secrets, tokens, keys, cookies and credentials; `*` stands for any signs.",
  ),
} as const;

export type AccessOptions = SettingsOf<typeof accessOptions>;
