/**
 * Give every choice on the page a name that screen readers can say: Swagger UI leaves some without one.
 *
 * @param {Element} container what Swagger UI draws into, now and later
 */
export function nameChoices(container) {
  new MutationObserver(() => {
    for (const select of container.querySelectorAll("select:not([aria-label])")) {
      if (select.labels.length === 0) {
        const parameter = select.closest("tr")?.querySelector(".parameter__name");
        select.setAttribute("aria-label", parameter?.firstChild?.textContent || "Media type");
      }
    }
  }).observe(container, { childList: true, subtree: true });
}
