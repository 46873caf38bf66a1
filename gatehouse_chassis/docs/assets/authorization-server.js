/** What the authorization server says of itself (RFC 8414), found beside one of its endpoints. */

/**
 * @param {string} endpoint absolute address of one of the server's endpoints
 * @returns {Promise<object>} the metadata; empty when there is none
 */
export async function metadataBeside(endpoint) {
  try {
    const response = await fetch(new URL(".well-known/oauth-authorization-server", endpoint));
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}
