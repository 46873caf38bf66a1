/**
 * Mend what Swagger UI's markup keeps from people who hear a page: choices and a button without a name, and headings
 * whose levels leave one out.
 *
 * @param {Element} container what Swagger UI draws into, now and later
 */
export function mendMarkup(container) {
  const mend = () => {
    for (const select of container.querySelectorAll("select:not([aria-label])")) {
      if (select.labels.length === 0) {
        const parameter = select.closest("tr")?.querySelector(".parameter__name");
        select.setAttribute("aria-label", parameter?.firstChild?.textContent || "Media type");
      }
    }
    for (const button of container.querySelectorAll(".close-modal:not([aria-label])")) {
      button.setAttribute("aria-label", "Close");
    }
    // The title is an h1 and the tags are h3, with h4 and h5 below them.
    for (const heading of container.querySelectorAll(":is(h3, h4, h5):not([aria-level])")) {
      heading.setAttribute("role", "heading");
      heading.setAttribute("aria-level", Number(heading.tagName.slice(1)) - 1);
    }
  };
  new MutationObserver(mend).observe(container, { childList: true, subtree: true });
}
