/**
 * Resolve the URLs of an OpenAPI document against the document's own address.
 *
 * Swagger UI resolves a relative `tokenUrl` against the page it runs on. That is right on a
 * service's own page and wrong on a page that shows several services, so no URL stays relative.
 *
 * @param {object} spec an OpenAPI 3 document; changed in place
 * @param {string} address the absolute URL that it was fetched from
 */
export function resolveAddresses(spec, address) {
  for (const server of spec.servers ?? []) {
    resolve(server, "url", address);
  }
  for (const scheme of Object.values(spec.components?.securitySchemes ?? {})) {
    resolve(scheme, "openIdConnectUrl", address);
    for (const flow of Object.values(scheme.flows ?? {})) {
      resolve(flow, "authorizationUrl", address);
      resolve(flow, "tokenUrl", address);
      resolve(flow, "refreshUrl", address);
    }
  }
}

function resolve(object, key, address) {
  if (typeof object[key] === "string") {
    object[key] = new URL(object[key], address).href;
  }
}
