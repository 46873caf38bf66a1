// oidc-provider with a key for each algorithm. It says its issuer on standard output, and ends with its parent.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const kinds = {
  RS256: ["rsa", { modulusLength: 2048 }],
  PS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
};
const keys = Object.entries(kinds).map(([alg, [kind, options]]) => {
  const { privateKey } = generateKeyPairSync(kind, options);
  return { ...privateKey.export({ format: "jwk" }), alg, kid: alg, use: "sig" };
});

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: [
      {
        client_id: "machine",
        client_secret: "machine-secret-of-a-test",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    enabledJWA: { idTokenSigningAlgValues: Object.keys(kinds) },
    scopes: ["notes:read"],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // The resource names the algorithm: urn:notes:ES256
        getResourceServerInfo: (_context, resource) => ({
          audience: resource.split(":")[1],
          scope: "notes:read",
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: resource.split(":")[2] } },
        }),
      },
    },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
process.stdin.on("end", () => process.exit()).resume();
