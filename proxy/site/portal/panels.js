/** What services show on the portal besides their card: `panel` of the list names a folder with panel.js and panel.css. */
import { element } from "./page.js";

export async function showPanels(services, session) {
  const withPanel = services.filter(({ panel }) => panel);
  await Promise.all(
    withPanel.map(async (service) => {
      const section = document.createElement("section");
      section.className = "panel";
      section.setAttribute("aria-label", service.title);
      element("panels").append(section);
      try {
        const [{ showPanel }] = await Promise.all([
          import(`../${service.panel}/panel.js`),
          addStyles(`${service.panel}/panel.css`),
        ]);
        showPanel(section, service, session);
      } catch {
        section.textContent = `The panel of ${service.title} could not be loaded. Reload the page.`;
      }
    }),
  );
}

/** Resolves when the styles are there, so that nothing is shown without them. */
function addStyles(href) {
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  const loaded = new Promise((resolve, reject) => {
    link.addEventListener("load", resolve, { once: true });
    link.addEventListener("error", reject, { once: true });
  });
  document.head.append(link);
  return loaded;
}
