// oidc-provider as an OpenID provider with two clients and one person, for tests/clients/openid. It says its issuer on
// standard output, and ends with its parent.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const client = {
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  redirect_uris: ["https://client.example/callback"],
  post_logout_redirect_uris: ["https://client.example/signed-out"],
};

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "RS256", kid: "one", use: "sig" }] },
    clients: ["client_secret_basic", "client_secret_post"].map((method) => ({
      ...client,
      client_id: method,
      client_secret: "client-secret-of-a-test",
      token_endpoint_auth_method: method,
    })),
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username"],
      email: ["email", "email_verified"],
    },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({
        sub,
        name: "Ada",
        preferred_username: sub,
        email: "ada@example.com",
        email_verified: true,
      }),
    }),
    acrValues: ["1"],
    cookies: { keys: ["a key of a test"], long: { sameSite: "none" } },
    enableHttpPostMethods: true,
    features: { devInteractions: { enabled: true }, claimsParameter: { enabled: false } },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.on("end", () => process.exit()).resume();
