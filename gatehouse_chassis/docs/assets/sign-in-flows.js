import { metadataBeside } from "./authorization-server.js";

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
      const metadata = await metadataBeside(flows.authorizationCode.authorizationUrl);
      const supported = metadata.grant_types_supported ?? ["password"];
      if (!supported.includes("password")) {
        delete flows.password;
      }
    }
  }
}
