/**
 * Who is signed in. The browser's session is a cookie of auth, which no script can read; this page asks auth by it for an
 * access token, before the last one ends, and adds that to requests.
 *
 * Nothing is stored: the token is in the memory of this page alone, because a script of any page of the origin could read
 * what is stored. Every tab has its own.
 */
import { failureOf, fetchOrFail, request, RequestError } from "./http.js";
import { challengeOf, randomText } from "./pkce.js";

/** A token is renewed when this share of its life is over... */
const RENEW_AT = 0.9;
/** ...and never sooner after the last renewal than this, however short its life is. */
const MIN_RENEWAL_MS = 5_000;
const RETRY_MS = 10_000;
/**
 * The built-in client, in a header that no form of another site can send: over plain http the browser does not say
 * which site a request is from, and auth cannot know its own name behind a proxy that changes the Host.
 */
const CLIENT = { Authorization: "Basic Og==" };
const ENDED = "Your session has ended. Sign in again.";

/** Nobody is signed in in this browser. */
class SignedOut extends Error {}

/** Dispatches `change` after every sign-in, renewal and sign-out. */
export class Session extends EventTarget {
  #urls;
  #scope;
  #tokens = null;
  #renewing = null;
  #timer = 0;
  // Tells the other tabs that somebody signed in or out. Portals of one origin under other prefixes are not meant.
  #tabs = new BroadcastChannel(`gatehouse ${new URL(".", location.href)}`);

  /**
   * @param {{authorize: string, token: string, signOut: string}} urls of auth
   * @param {string} scope what the portal asks for: who is signed in, and what its panels need
   */
  constructor(urls, scope) {
    super();
    this.#urls = urls;
    this.#scope = scope;
    /** Why the session ended, when it was not the person who ended it here. */
    this.endedBecause = "";
    const look = () => this.#look();
    this.#tabs.addEventListener("message", look);
    addEventListener("pageshow", ({ persisted }) => persisted && look());
  }

  /** `{accessToken, issuedAt, expiresAt}`, times in ms of this computer; null when signed out. */
  get tokens() {
    return this.#tokens;
  }

  /**
   * Leave for the sign-in page, which leads back here. The code that it sends along is of no use to anyone, as nobody has
   * the verifier of a challenge that is only random; this page then asks for a token as after every other load.
   */
  signIn() {
    const query = this.#requestFor(randomText(), { state: location.search });
    location.assign(`${this.#urls.authorize}?${query}`);
  }

  /** Find out whether somebody is signed in in this browser; `cameBack` from the sign-in page, other tabs hear of it. */
  async restore({ cameBack = false } = {}) {
    try {
      this.#set(await this.#obtain());
    } catch (error) {
      if (!(error instanceof SignedOut)) {
        throw error;
      }
      return;
    }
    if (cameBack) {
      this.#tabs.postMessage("signed in");
    }
  }

  /** Auth ends the session of this browser: for every tab, and every application that was opened from it. */
  async signOut() {
    const response = await fetchOrFail(this.#urls.signOut, { method: "POST", headers: CLIENT });
    if (!response.ok) {
      throw await failureOf(response);
    }
    this.endedBecause = "";
    this.#set(null);
    this.#tabs.postMessage("signed out");
  }

  /** Get a new access token; however many ask at once, auth is asked once. */
  renew() {
    this.#renewing ??= this.#renewNow().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** Like `request` of http.js, with the access token; a refused token is renewed and tried once more. */
  async request(url, options = {}) {
    if (this.#tokens && this.#tokens.expiresAt <= Date.now()) {
      await this.renew();
    }
    const token = this.#tokens?.accessToken;
    try {
      return await request(url, withToken(options, token));
    } catch (error) {
      if (error.status !== 401 || !this.#tokens) {
        throw error;
      }
      // Another request may have renewed it while this one was under way.
      if (this.#tokens.accessToken === token) {
        await this.renew();
      }
      return request(url, withToken(options, this.#tokens?.accessToken));
    }
  }

  /** Somebody may have signed in or out elsewhere. */
  #look() {
    (this.#tokens ? this.renew() : this.restore()).catch(() => {});
  }

  async #renewNow() {
    const before = this.#tokens;
    try {
      const tokens = await this.#obtain();
      // The person may have signed out meanwhile.
      if (this.#tokens === before) {
        this.#set(tokens);
      }
    } catch (error) {
      if (this.#tokens !== before) {
        throw error;
      }
      if (error instanceof SignedOut) {
        this.endedBecause = ENDED;
        this.#set(null);
        throw new Error(ENDED);
      }
      this.#schedule(error.retryAfter * 1000 || RETRY_MS);
      throw error;
    }
  }

  /** A token by the browser's session and a code (RFC 6749 section 4.1, RFC 7636), without a page. */
  async #obtain() {
    const verifier = randomText();
    const query = this.#requestFor(challengeOf(verifier), { prompt: "none" });
    // Auth redirects to this page, with the code or an error.
    const response = await fetchOrFail(`${this.#urls.authorize}?${query}`);
    if (!response.ok) {
      throw await failureOf(response);
    }
    const answer = new URL(response.url).searchParams;
    if (answer.get("error") === "login_required") {
      throw new SignedOut(ENDED);
    }
    const code = answer.get("code");
    if (!code) {
      throw new RequestError("The sign-in did not answer.", { detail: answer.get("error_description") ?? "" });
    }
    const { body } = await request(this.#urls.token, {
      method: "POST",
      headers: CLIENT,
      body: new URLSearchParams({ grant_type: "authorization_code", code, code_verifier: verifier }),
    });
    const issuedAt = Date.now();
    return {
      accessToken: body.access_token,
      issuedAt,
      // This computer's clock may be wrong, so the token's own `exp` is not compared with it.
      expiresAt: issuedAt + body.expires_in * 1000,
    };
  }

  /** The query of an authorization request. It names no redirect URI: the built-in client's is this page. */
  #requestFor(challenge, more) {
    return new URLSearchParams({
      response_type: "code",
      client_id: "gatehouse",
      scope: this.#scope,
      code_challenge: challenge,
      code_challenge_method: "S256",
      ...more,
    });
  }

  #set(tokens) {
    this.#tokens = tokens;
    if (tokens) {
      this.endedBecause = "";
      this.#schedule(Math.max((tokens.expiresAt - tokens.issuedAt) * RENEW_AT, MIN_RENEWAL_MS));
    } else {
      clearTimeout(this.#timer);
    }
    this.dispatchEvent(new Event("change"));
  }

  #schedule(delay) {
    clearTimeout(this.#timer);
    // A failure has scheduled the next attempt already, and the next request reports it to the person.
    this.#timer = setTimeout(() => this.renew().catch(() => {}), delay);
  }
}

/** Whether this page was opened by auth's answer; its parameters give way to what the address was before. */
export function cameFromSignIn() {
  const query = new URLSearchParams(location.search);
  if (!query.has("iss") || !(query.has("code") || query.has("error"))) {
    return false;
  }
  const before = new URLSearchParams(query.get("state") ?? "").toString();
  history.replaceState(null, "", `${location.pathname}${before && `?${before}`}`);
  return true;
}

function withToken(options, token) {
  return token
    ? { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } }
    : options;
}
