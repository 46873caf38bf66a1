/** The portal: puts the parts of the page together. */
import { showAccount } from "./portal/account.js";
import { showItems } from "./portal/items.js";
import { showServices } from "./portal/services.js";
import { Session } from "./portal/session.js";

const session = new Session({ token: "auth/token", revoke: "auth/revoke" }, sessionStorage);

showServices("services.json");
showItems("items/", session);
showAccount("auth/users/me", session);
session.resume();
