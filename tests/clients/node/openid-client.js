import * as client from "openid-client";
import { say, settings, visit } from "./talk.js";

const { issuer, clientId, clientSecret, redirectUri, scope } = settings;
const config = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
  algorithm: "oauth2",
  execute: [client.allowInsecureRequests], // the test's stack speaks http
});

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const callback = await visit(
  client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  }),
);
const first = await client.authorizationCodeGrant(config, callback, {
  pkceCodeVerifier: verifier,
  expectedState: state,
});
const renewed = await client.refreshTokenGrant(config, first.refresh_token);
const before = await client.tokenIntrospection(config, renewed.access_token);
await client.tokenRevocation(config, renewed.refresh_token);
const after = await client.tokenIntrospection(config, renewed.refresh_token);
const own = await client.clientCredentialsGrant(config, { scope });

say({ first, renewed, before, after, own });
