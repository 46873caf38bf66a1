/** Requests whose failures are sentences that a person can read. */

/** An answer that was no success, or no answer at all (`status` 0). `message` is for people. */
export class RequestError extends Error {
  constructor(message, { status = 0, code = "", retryAfter = 0, detail = "", requestId = "" } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    /** Seconds to wait before another attempt; 0 when the answer named none. */
    this.retryAfter = retryAfter;
    /** The service's own words, for developers. */
    this.detail = detail;
    /** Under this id the logs have the cause. */
    this.requestId = requestId;
  }
}

/** What the codes of the services (RFC 9457) and of the token endpoint (RFC 6749 section 5.2) mean to a person. */
const SENTENCES = {
  invalid_input: "What you entered is not accepted.",
  insufficient_scope: "You are not allowed to do this.",
  forbidden: "You are not allowed to do this.",
};

/** The same for answers that came from no service, or from one that could not answer. */
const SENTENCES_BY_STATUS = {
  429: "Too many attempts.",
  500: "Something went wrong on the server.",
  502: "The service does not answer now.",
  503: "The service cannot answer now.",
  504: "The service took too long to answer.",
};

/** Fetch JSON. Resolves to the body and the entity tag of a 2xx answer; throws RequestError for any other. */
export async function request(url, options = {}) {
  const response = await fetchOrFail(url, options);
  if (!response.ok) {
    throw await failureOf(response);
  }
  return { body: await readJson(response), etag: response.headers.get("ETag") };
}

/** The answer, whatever it is; throws RequestError where there is none. An AbortError passes through. */
export async function fetchOrFail(url, options = {}) {
  try {
    return await fetch(url, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new RequestError("There was no answer. Check that you are online and that Gatehouse is up.");
  }
}

export async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** The body is a problem (RFC 9457) or, from the token endpoint, an OAuth error (RFC 6749 section 5.2). */
export async function failureOf(response) {
  const body = await readJson(response);
  const { status } = response;
  const code = body?.code || body?.error || "";
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  const detail = body?.detail || body?.error_description || `The answer was ${status}, without a reason.`;
  const requestId = body?.request_id || response.headers.get("X-Request-ID") || "";
  const sentence = SENTENCES[code] || SENTENCES_BY_STATUS[status] || detail;
  const message = retryAfter ? `${sentence} Try again in ${retryAfter} s.` : sentence;
  return new RequestError(message, { status, code, retryAfter, detail, requestId });
}
