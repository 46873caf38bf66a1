/**
 * Who is signed in: keeps the tokens, renews them ahead of their end, adds them to requests.
 *
 * The tokens are in the memory of this page alone, because a script of any page of the origin could read what is stored.
 */
import { request } from "./http.js";

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

/** Dispatches `change` after every sign-in, renewal and sign-out. */
export class Session extends EventTarget {
  #urls;
  #scope;
  #tokens = null;
  #renewing = null;
  #timer = 0;

  /**
   * @param {{token: string, revoke: string}} urls of auth
   * @param {string} scope what the portal asks for: who is signed in, and what its panels need
   */
  constructor(urls, scope) {
    super();
    this.#urls = urls;
    this.#scope = scope;
    /** Why the session ended, when it was not the person who ended it. */
    this.endedBecause = "";
  }

  /** `{accessToken, refreshToken, issuedAt, expiresAt}`, times in ms of this computer; null when signed out. */
  get tokens() {
    return this.#tokens;
  }

  async signIn(username, password) {
    this.endedBecause = "";
    this.#set(await this.#grant({ grant_type: "password", username, password, scope: this.#scope }));
  }

  /** This page forgets the tokens at once, and auth ends the session for anyone else who may hold them (RFC 7009). */
  signOut() {
    this.endedBecause = "";
    this.revoke();
    this.#set(null);
  }

  /** Auth ends the session; this page still shows it, which only a page that is gone for good may do. */
  revoke() {
    const { refreshToken } = this.#tokens;
    const body = new URLSearchParams({ token: refreshToken });
    // Nobody waits for the answer; without one the access token ends by itself, and the other is forgotten.
    request(this.#urls.revoke, { method: "POST", headers: CLIENT, body, keepalive: true }).catch(() => {});
  }

  /** Get new tokens. However many ask at once, the refresh token is used once. */
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

  async #renewNow() {
    const before = this.#tokens;
    try {
      const tokens = await this.#grant({
        grant_type: "refresh_token",
        refresh_token: before.refreshToken,
      });
      // The person may have signed out meanwhile.
      if (this.#tokens === before) {
        this.#set(tokens);
      }
    } catch (error) {
      if (this.#tokens !== before) {
        throw error;
      }
      if (error.status === 400 || error.status === 401) {
        this.endedBecause = "Your session has ended. Sign in again.";
        this.#set(null);
        throw new Error(this.endedBecause);
      }
      this.#schedule(error.retryAfter * 1000 || RETRY_MS);
      throw error;
    }
  }

  async #grant(form) {
    const { body } = await request(this.#urls.token, {
      method: "POST",
      headers: CLIENT,
      body: new URLSearchParams(form),
    });
    const issuedAt = Date.now();
    return {
      accessToken: body.access_token,
      refreshToken: body.refresh_token,
      issuedAt,
      // This computer's clock may be wrong, so the token's own `exp` is not compared with it.
      expiresAt: issuedAt + body.expires_in * 1000,
    };
  }

  #set(tokens) {
    this.#tokens = tokens;
    if (tokens) {
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

function withToken(options, token) {
  return token
    ? { ...options, headers: { ...options.headers, Authorization: `Bearer ${token}` } }
    : options;
}
