/** Start ReDoc on the OpenAPI document that the page names, without anything from other hosts. */
import "./own-images-only.js";

const container = document.getElementById("redoc");
const systemFont = "system-ui, sans-serif";

window.Redoc.init(
  container.dataset.spec,
  {
    theme: {
      colors: { primary: { main: "#0f766e" } },
      typography: { fontFamily: systemFont, headings: { fontFamily: systemFont } },
    },
  },
  container,
);
