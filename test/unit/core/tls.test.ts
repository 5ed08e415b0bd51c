import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { settingTable } from "../../../packages/core/src/config.ts";
import { resolveSettings } from "../../../packages/core/src/setting.ts";
import { readTlsOptions, takeTlsParameters, tlsConnectionOptions, tlsFailure } from "../../../packages/core/src/tls.ts";

const read = (given: object) => readTlsOptions(given, "broker_use_ssl");
const thisFile = fileURLToPath(import.meta.url);

describe("the options of an encrypted connection", () => {
  it("are read as py-amqp and redis-py name them, and in camelCase", () => {
    const expected = { caCerts: "/ca", certfile: "/cert", keyfile: "/key", certReqs: "none", checkHostname: false, serverHostname: "h" };
    const { caCerts, certfile, keyfile, serverHostname } = expected;
    const amqp = { ca_certs: caCerts, certfile, keyfile, cert_reqs: 0, check_hostname: false, server_hostname: serverHostname };
    expect(read(amqp)).toEqual(expected);
    expect(read(Object.fromEntries(Object.entries(amqp).map(([name, value]) => [`ssl_${name}`, value])))).toEqual(expected);
    expect(read(expected)).toEqual(expected);
    expect(read({ ssl_password: "pw", ciphers: "ECDHE", server_hostname: null })).toEqual({ keyPassword: "pw", ciphers: "ECDHE" });
  });

  it("ask for a certificate under every name Python has for it", () => {
    const meaning = (written: unknown) => read({ cert_reqs: written }).certReqs;
    expect(["required", "CERT_REQUIRED", 2, "optional", "CERT_OPTIONAL", 1].map(meaning)).toEqual(Array(6).fill("required"));
    expect(["none", "CERT_NONE", 0].map(meaning)).toEqual(Array(3).fill("none"));
  });

  it("are refused where they say nothing that is known, without showing a password", () => {
    expect(() => read({ ca_cert: "/ca" })).toThrow(
      expect.objectContaining({ code: "CONFIG_UNKNOWN", message: expect.stringContaining('"ca_certs"') }),
    );
    expect(() => read({ cert_reqs: "maybe" })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(/required, optional or none.*"maybe"/) }),
    );
    expect(() => read({ ssl_password: ["geheim"] })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.not.stringContaining("geheim") }),
    );
  });

  it("are a setting that is true, false or the options themselves", () => {
    const setting = (broker_use_ssl: unknown) => resolveSettings(settingTable, { broker_use_ssl }).brokerUseSsl;
    expect([setting(true), setting(false), setting(null)]).toEqual([true, false, false]);
    expect(setting({ ca_certs: "/ca" })).toEqual({ caCerts: "/ca" });
    for (const wrong of ["yes", 1, ["/ca"]]) expect(() => setting(wrong)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("leave a URL's other parameters where they are", () => {
    const parameters = new URLSearchParams("ssl_ca_certs=/ca&heartbeat=3&ssl_check_hostname=false");
    expect(takeTlsParameters(parameters)).toEqual({ caCerts: "/ca", checkHostname: false });
    expect(String(parameters)).toBe("heartbeat=3");
    expect(takeTlsParameters(parameters)).toBeNull();
  });
});

describe("what Node is told of an encrypted connection", () => {
  it("verifies unless that is not wanted", async () => {
    expect(await tlsConnectionOptions({})).toEqual({ rejectUnauthorized: true });
    expect(await tlsConnectionOptions({ certReqs: "none" })).toEqual({ rejectUnauthorized: false });
    expect(await tlsConnectionOptions({ checkHostname: false, serverHostname: "h" })).toMatchObject({
      rejectUnauthorized: true,
      servername: "h",
      checkServerIdentity: expect.any(Function),
    });
  });

  it("takes PEM text as it is, reads files, and looks for the key where it finds none beside the certificate", async () => {
    const text = "-----BEGIN CERTIFICATE-----\nMII\n";
    const content = readFileSync(thisFile, "utf8");
    expect(await tlsConnectionOptions({ caCerts: text, certfile: thisFile, keyPassword: "pw" })).toMatchObject({
      ca: text,
      cert: content,
      key: content,
      passphrase: "pw",
    });
  });

  it("names the file that cannot be read", async () => {
    const failure = await tlsConnectionOptions({ caCerts: "/nowhere/ca.pem" }).catch((error: unknown) => error);
    expect(tlsFailure(failure)).toContain("/nowhere/ca.pem cannot be read");
  });
});

describe("a failure to connect", () => {
  it.each([
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "caCerts"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "caCerts"],
    ["CERT_HAS_EXPIRED", "not trusted"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "serverHostname"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "could not agree"],
    ["EPROTO", "could not agree"],
  ])("%s is one of encryption, with what to do", (code, words) => {
    expect(tlsFailure(Object.assign(new Error("as OpenSSL says"), { code }))).toContain(words);
  });

  it.each(["ECONNREFUSED", "ETIMEDOUT", "EPIPE", 320, undefined])("%s is none", (code) => {
    expect(tlsFailure(Object.assign(new Error("no answer"), { code }))).toBeNull();
  });
});
