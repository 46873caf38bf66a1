/** The portal: puts the parts of the page together. */
import { showAccount } from "./portal/account.js";
import { clearMessages } from "./portal/page.js";
import { showPanels } from "./portal/panels.js";
import { fetchServices, showServices } from "./portal/services.js";
import { cameFromSignIn, Session } from "./portal/session.js";

// Earlier versions kept passwords and tokens here, for every page of this origin to read.
localStorage.removeItem("authorized");
sessionStorage.removeItem("gatehouse.session");

// Before the panels read the address.
const cameBack = cameFromSignIn();
const services = await fetchServices("services.json");
if (services) {
  const { prefix } = services.find(({ name }) => name === "auth");
  const scope = ["auth:profile", ...services.flatMap(({ scopes = [] }) => scopes)].join(" ");
  const urls = { authorize: `${prefix}authorize`, token: `${prefix}token`, signOut: `${prefix}sign-out` };
  const session = new Session(urls, scope);
  showServices(services);
  // A panel that came after the sign-in would not hear of it.
  await showPanels(services, session);
  showAccount(prefix, session, cameBack);
}

document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") {
    clearMessages(document.querySelector("main"));
  }
});
