/** Start ReDoc on the OpenAPI document that the page names, without anything from other hosts. */
import "./own-images-only.js";

const container = document.getElementById("redoc");
const systemFont = "system-ui, sans-serif";
const dark = matchMedia("(prefers-color-scheme: dark)");
// ReDoc writes its styles once, when it starts, and nothing on the page is lost when it starts again.
dark.addEventListener("change", () => location.reload());

/** ReDoc's own theme is light; what it makes of these colours is not. */
const DARK = {
  colors: {
    primary: { main: "#2dd4bf" },
    success: { main: "#4ade80" },
    warning: { main: "#fbbf24" },
    error: { main: "#fca5a5" },
    gray: { 50: "#14201d", 100: "#1b2a26" },
    text: { primary: "#e6efec", secondary: "#9db3ac" },
    border: { dark: "#2b3d38", light: "#2b3d38" },
    responses: {
      success: { color: "#4ade80", backgroundColor: "#10301f" },
      error: { color: "#fca5a5", backgroundColor: "#3a1515" },
      redirect: { color: "#fbbf24", backgroundColor: "#33270a" },
      info: { color: "#7dd3fc", backgroundColor: "#0c2a3a" },
    },
  },
  schema: {
    linesColor: "#4b6b64",
    typeNameColor: "#9db3ac",
    typeTitleColor: "#9db3ac",
    requireLabelColor: "#fca5a5",
    nestedBackground: "#14201d",
    arrow: { color: "#9db3ac" },
  },
  sidebar: { backgroundColor: "#14201d", textColor: "#e6efec" },
  rightPanel: {
    backgroundColor: "#101a17",
    textColor: "#e6efec",
    servers: {
      overlay: { backgroundColor: "#14201d", textColor: "#e6efec" },
      url: { backgroundColor: "#0c1513" },
    },
  },
};
const LIGHT = {
  colors: { primary: { main: "#0b534d" }, text: { primary: "#14211e", secondary: "#4b5563" } },
  schema: { typeNameColor: "#4b5563", typeTitleColor: "#4b5563", requireLabelColor: "#b91c1c" },
};

window.Redoc.init(
  container.dataset.spec,
  {
    theme: {
      ...(dark.matches ? DARK : LIGHT),
      typography: {
        fontFamily: systemFont,
        headings: { fontFamily: systemFont },
        code: dark.matches
          ? { color: "#fca5a5", backgroundColor: "#1b2a26" }
          : { color: "#b91c1c", backgroundColor: "#f3f4f6" },
        links: dark.matches ? { color: "#2dd4bf", visited: "#2dd4bf", hover: "#5eead4" } : {},
      },
    },
  },
  container,
);
