/** The portal: puts the parts of the page together. */
import { showAccount } from "./portal/account.js";
import { showPanels } from "./portal/panels.js";
import { fetchServices, showServices } from "./portal/services.js";
import { Session } from "./portal/session.js";

const services = await fetchServices("services.json");
if (services) {
  const { prefix } = services.find(({ name }) => name === "auth");
  const scope = ["auth:profile", ...services.flatMap(({ scopes = [] }) => scopes)].join(" ");
  const session = new Session({ token: `${prefix}token`, revoke: `${prefix}revoke` }, scope, sessionStorage);
  showServices(services);
  showAccount(prefix, session);
  await showPanels(services, session);
  session.resume();
}
