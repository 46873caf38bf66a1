import { metadataBeside } from "./authorization-server.js";

/**
 * Swagger UI's *Logout* forgets the tokens; with this, auth revokes them too (RFC 7009): a refresh token with its session. After
 * a sign-in by a code that is the access token alone, and the browser stays signed in until the portal's *Sign out*.
 */
export const endSessionAtLogout = {
  statePlugins: {
    auth: {
      wrapActions: {
        logout: (original, { authSelectors }) => (names) => {
          for (const name of names) {
            // Nobody waits for the answer; without one the access token ends by itself, and the other is forgotten.
            revoke(authSelectors.authorized().get(name)?.toJS()).catch(() => {});
          }
          return original(names);
        },
      },
    },
  },
};

async function revoke({ schema, token, clientId = "", clientSecret = "" } = {}) {
  if (!schema?.tokenUrl || !token?.access_token) {
    return;
  }
  const { issuer, revocation_endpoint: endpoint } = await metadataBeside(schema.tokenUrl);
  if (!endpoint?.startsWith(`${issuer}/`)) {
    return;
  }
  // Relative, because a proxy may add a prefix that the server does not know.
  await fetch(new URL(endpoint.slice(issuer.length + 1), schema.tokenUrl), {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}` },
    body: new URLSearchParams({ token: token.refresh_token ?? token.access_token }),
    keepalive: true,
  });
}
