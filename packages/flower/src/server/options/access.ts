/** Who may see and change what: rows of the table of options. */
import { countSetting } from "@celeriac/core/runtime";
import { textOrNone, texts, yesOrNo } from "../option-kinds.ts";

export const accessOptions = {
  basicAuth: texts([], "Users and their passwords for HTTP's basic login: NAME:PASSWORD, or several.", { secret: true }),
  auth: textOrNone("Who may log in through `auth_provider`: an e-mail address, several with | between them, or .*@example.com."),
  authProvider: textOrNone("Through whom one logs in: google, github, gitlab or okta, or the name that Flower has for it."),
  oauth2Key: textOrNone("Client id at the provider."),
  oauth2Secret: textOrNone("Client secret at the provider.", { secret: true }),
  oauth2RedirectUri: textOrNone("Address of this monitor's /login, as the provider knows it."),
  oauth2OktaBaseUrl: textOrNone("Okta: address of the issuer."),
  githubOauthDomain: textOrNone("GitHub: domain of an Enterprise server."),
  gitlabOauthDomain: textOrNone("GitLab: domain of a server of one's own."),
  gitlabAuthAllowedGroups: texts([], "GitLab: members of one of these groups alone."),
  gitlabMinAccessLevel: countSetting(20, [0, 100], "GitLab: least access level that a member has in its group."),
  cookieSecret: textOrNone("Signs the cookies of those who have logged in. Unset: one that is kept beside the history.", { secret: true }),
  unauthenticatedApi: yesOrNo(false, "Whoever reaches the monitor may use its API, and change things, without a login."),
  readOnly: yesOrNo(false, "Nothing can be changed, by nobody."),
} as const;
