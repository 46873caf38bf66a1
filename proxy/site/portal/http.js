/** Requests whose failures are sentences that a person can read. */

/** An answer that was no success, or no answer at all (`status` 0). `message` is for people. */
export class RequestError extends Error {
  constructor(message, { status = 0, code = "", retryAfter = 0 } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    /** Seconds to wait before another attempt; 0 when the answer named none. */
    this.retryAfter = retryAfter;
  }
}

/**
 * Fetch JSON. Resolves to the body and the entity tag of a 2xx answer; throws RequestError for any other.
 * An AbortError passes through.
 */
export async function request(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new RequestError("There was no answer. Check that you are online and that Gatehouse is up.");
  }
  const body = await readJson(response);
  if (!response.ok) {
    throw failure(response, body);
  }
  return { body, etag: response.headers.get("ETag") };
}

export async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** The body is a problem (RFC 9457) or, from the token endpoint, an OAuth error (RFC 6749 section 5.2). */
function failure(response, body) {
  const { status } = response;
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  const detail = body?.detail || body?.error_description || `The answer was ${status}, without a reason.`;
  const requestId = body?.request_id || response.headers.get("X-Request-ID");
  const sentences = [
    detail,
    retryAfter ? `Try again in ${retryAfter} s.` : "",
    requestId ? `(Request ${requestId})` : "",
  ];
  const message = sentences.filter(Boolean).join(" ");
  return new RequestError(message, { status, code: body?.code || body?.error, retryAfter });
}
