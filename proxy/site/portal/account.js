/** Sign-in, the person who is signed in, and their access token. */
import { request } from "./http.js";
import { attempt, element, make } from "./page.js";
import { decodeToken } from "./token.js";

/** `auth` is the prefix of the auth service, such as `auth/`; `cameBack` says that its sign-in page led here. */
export function showAccount(auth, session, cameBack) {
  for (const link of document.querySelectorAll("[data-auth]")) {
    link.href = auth + link.dataset.auth;
  }
  offerSignUp(auth);
  const problem = element("session-problem");
  const invitation = element("sign-in");
  const signIn = element("go-to-sign-in");
  const toSignIn = element("to-sign-in");
  signIn.addEventListener("click", () => session.signIn());
  signIn.disabled = false;
  toSignIn.addEventListener("click", (event) => {
    event.preventDefault();
    session.signIn();
  });

  const signOut = element("sign-out");
  signOut.addEventListener("click", async () => {
    if (await attempt(problem, () => session.signOut(), { button: signOut })) {
      signIn.focus();
    }
  });

  const renew = element("renew");
  renew.addEventListener("click", () => attempt(problem, () => session.renew(), { button: renew }));

  const loadProfile = async () => {
    const { body } = await session.request(`${auth}users/me`);
    if (session.tokens) {
      showProfile(body);
    }
  };

  let wasSignedIn = false;
  session.addEventListener("change", () => {
    const signedIn = session.tokens !== null;
    invitation.hidden = signedIn;
    element("session").hidden = !signedIn;
    element("session-title").textContent = signedIn ? "Your session" : "Sign in";
    problem.textContent = session.endedBecause;
    element("who").hidden = !signedIn;
    toSignIn.hidden = signedIn;
    if (signedIn) {
      showToken(session.tokens.accessToken);
      showLife(session.tokens);
      if (!wasSignedIn) {
        attempt(problem, loadProfile, { retry: true });
      }
    } else {
      element("who-name").textContent = "";
      element("profile").replaceChildren();
    }
    wasSignedIn = signedIn;
  });

  setInterval(() => {
    if (session.tokens) {
      showLife(session.tokens);
    }
  }, 1000);

  const restore = async () => {
    await session.restore({ cameBack });
    if (cameBack && session.tokens) {
      element("session-title").focus();
    }
  };
  attempt(problem, restore, { retry: true });
}

/** Where only administrators make accounts, the metadata of auth names no page for it. */
async function offerSignUp(auth) {
  try {
    const { body } = await request(`${auth}.well-known/oauth-authorization-server`);
    element("sign-up").hidden = !body.sign_up_page;
  } catch {
    // Auth does not answer, which its card says.
  }
}

function showProfile(user) {
  const name = user.display_name || user.username;
  element("who-name").textContent = name;
  const facts = { Name: name, "User name": user.username, Role: user.role };
  element("profile").replaceChildren(
    ...Object.entries(facts).flatMap(([term, value]) => {
      const description = make("dd", value);
      description.dir = "auto";
      return [make("dt", term), description];
    }),
  );
}

function showToken(token) {
  const { header, claims } = decodeToken(token);
  element("token-header").textContent = JSON.stringify(header, null, 2);
  element("token-claims").textContent = JSON.stringify(claims, null, 2);
}

function showLife({ issuedAt, expiresAt }) {
  const seconds = Math.max(0, Math.round((expiresAt - Date.now()) / 1000));
  const minutes = Math.floor(seconds / 60);
  element("life-text").textContent = seconds
    ? `${minutes ? `${minutes} min ` : ""}${seconds % 60} s left`
    : "has ended";
  element("life-bar").value = (seconds * 1000) / (expiresAt - issuedAt);
}
