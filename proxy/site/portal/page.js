/** Small helpers for the page. Text goes in as text, never as HTML. */

export function element(id) {
  return document.getElementById(id);
}

export function fill(parent, selector, text) {
  parent.querySelector(selector).textContent = text;
}

export function cloneTemplate(id) {
  return element(id).content.firstElementChild.cloneNode(true);
}

/**
 * Run `work` and show its failure as the text of `problem`. Returns whether it succeeded.
 * `button` is off meanwhile, so that one press is one request.
 */
export async function attempt(problem, work, button = null) {
  problem.textContent = "";
  const focused = document.activeElement;
  button?.toggleAttribute("disabled", true);
  try {
    await work();
    return true;
  } catch (error) {
    problem.textContent = error.message;
    return false;
  } finally {
    button?.toggleAttribute("disabled", false);
    // A button that is switched off loses the keyboard's focus.
    if (document.activeElement === document.body) {
      focused.focus();
    }
  }
}

/** Ask in the page's dialog; Escape means no. */
export function confirmed(question) {
  const dialog = element("confirm");
  element("confirm-text").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
