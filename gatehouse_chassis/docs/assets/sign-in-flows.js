/**
 * Remove the password flow where the authorization server does not offer it (`AUTH_PASSWORD_GRANT=off`).
 *
 * The server's metadata (RFC 8414) says so, to the services whose documents name the flow too.
 *
 * @param {object} spec an OpenAPI 3 document with absolute URLs; changed in place
 */
export async function removeUnsupportedFlows(spec) {
  for (const { flows } of Object.values(spec.components?.securitySchemes ?? {})) {
    if (flows?.password && flows.authorizationCode) {
      const supported = await grantTypes(flows.authorizationCode.authorizationUrl);
      if (supported && !supported.includes("password")) {
        delete flows.password;
      }
    }
  }
}

/** The grant types of the server with this authorization endpoint, or nothing when it does not say. */
async function grantTypes(authorizationUrl) {
  try {
    const address = new URL(".well-known/oauth-authorization-server", authorizationUrl);
    const response = await fetch(address);
    return (await response.json()).grant_types_supported;
  } catch {
    return undefined;
  }
}
