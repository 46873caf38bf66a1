/**
 * Mend what the markup of Swagger UI and ReDoc keeps from people who hear a page or use it by keyboard: fields without
 * a name, parts outside of every landmark, a link inside of a button, headings whose levels leave one out.
 *
 * @param {Element} container what they draw into, now and later
 */
export function mendMarkup(container) {
  const each = (selector, mend) => {
    for (const element of container.querySelectorAll(selector)) {
      mend(element);
    }
  };
  const mend = () => {
    each(":is(select, textarea):not([aria-label])", (field) => field.setAttribute("aria-label", nameOf(field)));
    each(".close-modal:not([aria-label])", (button) => button.setAttribute("aria-label", "Close"));
    each(".modal-ux:not([role])", (dialog) => become(dialog, "dialog", "Available authorizations"));
    each(".information-container:not([role])", (part) => become(part, "region", "About this API"));
    each(".schemes-server-container:not([role])", (part) => become(part, "region", "Server and authorization"));
    // The button around it opens the operation, and so does its address.
    each(".opblock-summary-control a[href]", (link) => link.removeAttribute("href"));
    // Of Swagger UI h1 is followed by h3, of ReDoc h2 by h5.
    each(".swagger-ui :is(h3, h4, h5):not([aria-level])", (heading) => setLevel(heading, heading.tagName[1] - 1));
    each(".redoc-wrap h5:not([aria-level])", (heading) => setLevel(heading, 3));
  };
  new MutationObserver(mend).observe(container, { childList: true, subtree: true });
}

function nameOf(field) {
  if (field.closest(".servers")) {
    return "Server";
  }
  if (field.matches(".body-param__text")) {
    return "Request body";
  }
  const parameter = field.closest("tr")?.querySelector(".parameter__name");
  return parameter?.firstChild?.textContent || "Media type";
}

function become(element, role, name) {
  element.setAttribute("role", role);
  element.setAttribute("aria-label", name);
}

function setLevel(heading, level) {
  heading.setAttribute("role", "heading");
  heading.setAttribute("aria-level", level);
}
