/** Puts a button beside each password that shows what was typed: without scripts a form works as well, without it. */

for (const input of document.querySelectorAll("input[type=password]")) {
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "quiet",
  });
  const both = Object.assign(document.createElement("div"), { className: "password" });
  const hadFocus = document.activeElement === input;
  input.replaceWith(both);
  both.append(input, button);
  if (hadFocus) {
    input.focus();
  }

  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", shown ? "Hide what is typed" : "Show what is typed");
  };
  show(false);
  button.addEventListener("click", () => show(input.type === "password"));
  // Neither the browser's list of what was typed nor a look over the shoulder gets it after the form is sent.
  input.form.addEventListener("submit", () => show(false), { capture: true });
}
