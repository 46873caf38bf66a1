/** The services of this domain and whether each is ready. */
import { readJson } from "./http.js";
import { cloneTemplate, element, fill } from "./page.js";

const POLL_MS = 10_000;

/** Resolves to the list of services, or to null when it could not be read, which the page then says. */
export async function fetchServices(listUrl) {
  try {
    return await (await fetch(listUrl, { cache: "no-cache" })).json();
  } catch {
    element("services-summary").textContent = "The list of services could not be read. Reload the page.";
    return null;
  }
}

/** Shows a card for each; dispatches `service-back`, with the name as its detail, when one is ready again. */
export function showServices(services) {
  const summary = element("services-summary");
  for (const service of services.filter(({ upstream }) => upstream)) {
    addUpstreamCard(service);
  }
  const cards = services
    .filter(({ upstream }) => !upstream)
    .map((service) => ({ service, card: addCard(service) }));

  const poll = async () => {
    if (!document.hidden) {
      const states = await Promise.all(
        cards.map(async ({ service, card }) => {
          const state = await stateOf(service.prefix);
          showState(card, state);
          return state;
        }),
      );
      const ready = states.filter(({ name }) => name === "ready").length;
      const news = ready === states.length ? "All ready" : `${ready} of ${states.length} ready`;
      // A live region speaks whenever it is written to, also with the same words.
      if (summary.textContent !== news) {
        summary.textContent = news;
      }
    }
    setTimeout(poll, POLL_MS);
  };
  poll();
}

function addCard({ name, title, description, prefix }) {
  const card = cloneTemplate("service-template");
  card.dataset.service = name;
  fill(card, ".service-title", title);
  fill(card, ".service-description", description);
  for (const link of card.querySelectorAll("[data-link]")) {
    link.href = prefix + link.dataset.link;
    link.setAttribute("aria-label", `${link.textContent} of ${title}`);
  }
  element("services").append(card);
  return card;
}

/** A program that is not ours: whether it is ready and what it documents is not known. */
function addUpstreamCard({ name, title, description, prefix }) {
  const card = cloneTemplate("service-template");
  card.dataset.service = name;
  fill(card, ".service-title", title);
  fill(card, ".service-description", description);
  card.querySelector(".state").remove();
  const link = Object.assign(document.createElement("a"), { href: prefix, textContent: "Open" });
  link.setAttribute("aria-label", `Open ${title}`);
  card.querySelector(".links li").replaceChildren(link);
  card.querySelectorAll(".links li:not(:first-child)").forEach((item) => item.remove());
  element("services").append(card);
}

async function stateOf(prefix) {
  let response;
  try {
    response = await fetch(`${prefix}health/ready`, {
      cache: "no-store",
      signal: AbortSignal.timeout(POLL_MS),
    });
  } catch {
    return { name: "down", text: "No answer", detail: "The proxy could not be reached." };
  }
  if (response.ok) {
    return { name: "ready", text: "Ready", detail: "" };
  }
  const body = await readJson(response);
  if (body?.checks) {
    const missing = Object.entries(body.checks).filter(([, result]) => result !== "ok");
    const detail = missing.map(([check, result]) => `${check}: ${result}`).join("; ");
    return { name: "unready", text: "Not ready", detail };
  }
  return { name: "down", text: "Down", detail: body?.detail ?? `The answer was ${response.status}.` };
}

function showState(card, { name, text, detail }) {
  const { dataset } = card.querySelector(".state");
  if (name === "ready" && ["unready", "down"].includes(dataset.state)) {
    document.dispatchEvent(new CustomEvent("service-back", { detail: card.dataset.service }));
  }
  dataset.state = name;
  fill(card, ".state-text", text);
  fill(card, ".state-detail", detail);
}
