import * as oauth from "oauth4webapi";
import { say, settings, visit } from "./talk.js";

const { resource, clientId, clientSecret, redirectUri, scope } = settings;
const insecure = { [oauth.allowInsecureRequests]: true }; // the test's stack speaks http
const client = { client_id: clientId };
const proof = oauth.ClientSecretPost(clientSecret);

// The service names its authorization server (RFC 9728), and that one describes itself (RFC 8414).
const service = await oauth.processResourceDiscoveryResponse(
  new URL(resource),
  await oauth.resourceDiscoveryRequest(new URL(resource), insecure),
);
const issuer = new URL(service.authorization_servers[0]);
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }),
);

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const authorization = new URL(server.authorization_endpoint);
authorization.search = new URLSearchParams({
  client_id: clientId,
  redirect_uri: redirectUri,
  response_type: "code",
  scope,
  state,
  resource,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
});
const answer = oauth.validateAuthResponse(server, client, await visit(authorization), state);
const first = await oauth.processAuthorizationCodeResponse(
  server,
  client,
  await oauth.authorizationCodeGrantRequest(
    server, client, proof, answer, redirectUri, verifier, insecure,
  ),
);
const renewed = await oauth.processRefreshTokenResponse(
  server,
  client,
  await oauth.refreshTokenGrantRequest(server, client, proof, first.refresh_token, insecure),
);
// RFC 9068, as a resource server written with this library checks it.
const request = new Request(resource, { headers: { Authorization: `Bearer ${renewed.access_token}` } });
for (const audience of ["items", resource]) {
  await oauth.validateJwtAccessToken(server, request, audience, insecure);
}

const introspect = async (token) =>
  oauth.processIntrospectionResponse(
    server,
    client,
    await oauth.introspectionRequest(server, client, proof, token, insecure),
  );
const before = await introspect(renewed.access_token);
await oauth.processRevocationResponse(
  await oauth.revocationRequest(server, client, proof, renewed.refresh_token, insecure),
);
const after = await introspect(renewed.refresh_token);
const own = await oauth.processClientCredentialsResponse(
  server,
  client,
  await oauth.clientCredentialsGrantRequest(
    server, client, proof, new URLSearchParams({ scope }), insecure,
  ),
);

say({ first, renewed, before, after, own });
