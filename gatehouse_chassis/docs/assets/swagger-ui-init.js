/**
 * Start Swagger UI on a page that says what to show:
 * `data-spec` is the URL of one OpenAPI document, `data-services` the URL of a list of services;
 * `data-scopes` are ticked when the Authorize dialog opens, with the scopes of the list.
 */
import { mendMarkup } from "./markup.js";
import { openLocks } from "./open-locks.js";
import { errorsForPeople } from "./sign-in-errors.js";
import { removeUnsupportedFlows } from "./sign-in-flows.js";
import { endSessionAtLogout } from "./sign-out.js";
import { resolveAddresses } from "./spec-addresses.js";

const container = document.getElementById("swagger-ui");

/** Swagger UI would keep the password beside the token that it got for it. */
const forgetPassword = {
  statePlugins: {
    auth: {
      wrapActions: {
        authorizeOauth2: (original) => ({ auth, token }) =>
          original({ auth: { ...auth, password: "" }, token }),
      },
    },
  },
};

/** Swagger UI puts the keyboard into the password form, and so scrolls past the flow that comes first. */
const beginAtTheTop = {
  statePlugins: {
    auth: {
      wrapActions: {
        showDefinitions: (original) => (definitions) => {
          const shown = original(definitions);
          requestAnimationFrame(() => {
            document.querySelector(".modal-ux-content .authorize")?.focus();
            document.querySelector(".modal-ux-content")?.scrollTo(0, 0);
          });
          return shown;
        },
      },
    },
  },
};

try {
  // Earlier versions kept the password here, for every page of this origin to read.
  localStorage.removeItem("authorized");
  followColourScheme();
  mendMarkup(container);
  if (container.dataset.services) {
    await showServices(container.dataset.services);
  } else {
    start(container.dataset.spec);
  }
} catch (error) {
  container.textContent = `The documentation could not start: ${error.message}`;
  container.className = "docs-message";
}

function start(spec, scopesOfList = []) {
  const ui = window.SwaggerUIBundle({
    domNode: container,
    url: absolute(spec),
    layout: "BaseLayout",
    deepLinking: true,
    displayRequestDuration: true,
    // Tokens stay in this page's memory: any script of the origin could read what is stored.
    persistAuthorization: false,
    plugins: [forgetPassword, beginAtTheTop, endSessionAtLogout, errorsForPeople, openLocks],
    tryItOutEnabled: true,
    validatorUrl: null,
    oauth2RedirectUrl: absolute("docs/oauth2-redirect"),
    responseInterceptor: resolveSpec,
  });
  const scopes = [container.dataset.scopes, ...scopesOfList].join(" ").trim();
  ui.initOAuth({ clientId: "gatehouse", scopes, usePkceWithAuthorizationCodeGrant: true });
  return ui;
}

/** Swagger UI reads the document from `text` after this. */
async function resolveSpec(response) {
  if (response.ok && response.url.endsWith("/openapi.json")) {
    const spec = JSON.parse(response.text);
    resolveAddresses(spec, response.url);
    await removeUnsupportedFlows(spec);
    response.text = JSON.stringify(spec);
  }
  return response;
}

async function showServices(list) {
  const response = await fetch(list);
  if (!response.ok) {
    throw new Error(`${list} answered ${response.status}.`);
  }
  const listed = await response.json();
  // A program that is not ours has no document that is known here.
  const services = listed.filter(({ upstream }) => !upstream);
  const select = document.getElementById("service");
  for (const { name, title } of services) {
    select.add(new Option(title, name));
  }
  const wanted = new URLSearchParams(location.search).get("service");
  if (services.some(({ name }) => name === wanted)) {
    select.value = wanted;
  }
  const specOf = (chosen) => `${services.find(({ name }) => name === chosen).prefix}openapi.json`;
  // One Authorize serves them all, so it asks for what each grants by default.
  const ui = start(
    specOf(select.value),
    listed.flatMap(({ scopes = [] }) => scopes),
  );
  select.addEventListener("change", () => {
    // The fragment names an operation of the service that was shown before.
    history.replaceState(null, "", `?service=${encodeURIComponent(select.value)}`);
    const url = absolute(specOf(select.value));
    ui.specActions.updateUrl(url);
    ui.specActions.download(url);
  });
}

function absolute(url) {
  return new URL(url, document.baseURI).href;
}

function followColourScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", apply);
  apply();
}
