/** Small helpers for the page. Text goes in as text, never as HTML. */

export function element(id) {
  return document.getElementById(id);
}

export function fill(parent, selector, text) {
  parent.querySelector(selector).textContent = text;
}

/** A new element with this text. */
export function make(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

export function cloneTemplate(id) {
  return element(id).content.firstElementChild.cloneNode(true);
}

/**
 * Run `work` and show its failure in `problem`. Returns whether it succeeded.
 *
 * What was said before about this part of the page (its `.panel`) is taken back, so that no success stands beside a
 * failure.
 *
 * @param {Element} problem a live region beside what the work is about
 * @param {() => Promise} work
 * @param {{button?: Element, retry?: boolean}} how `button` is off meanwhile, so that one press is one request;
 *   `retry` offers another attempt
 */
export async function attempt(problem, work, { button = null, retry = false } = {}) {
  const focused = document.activeElement;
  clearMessages(problem.closest(".panel"));
  button?.toggleAttribute("disabled", true);
  try {
    await work();
    return true;
  } catch (error) {
    showProblem(problem, error, retry ? () => attempt(problem, work, { retry }) : null);
    return false;
  } finally {
    button?.toggleAttribute("disabled", false);
    // A button that is switched off, or taken away with the message, loses the keyboard's focus.
    if (document.activeElement === document.body) {
      (focused.isConnected ? focused : problem).focus();
    }
  }
}

/** Empty every message in this part of the page: what went wrong, and the news. */
export function clearMessages(part) {
  for (const message of part.querySelectorAll(".problem[role=alert], .news")) {
    message.replaceChildren();
  }
}

/** A sentence for the person; what helps to find the cause is one click away. */
function showProblem(problem, error, again) {
  problem.tabIndex = -1;
  problem.replaceChildren(make("p", error.message));
  if (again) {
    const button = make("button", "Try again");
    button.type = "button";
    button.className = "quiet";
    button.addEventListener("click", again);
    problem.append(button);
  }
  if (error.detail || error.requestId) {
    const details = document.createElement("details");
    details.append(make("summary", "Details"));
    if (error.detail && error.detail !== error.message) {
      details.append(make("p", error.detail));
    }
    if (error.requestId) {
      details.append(make("p", `Request ${error.requestId}`));
    }
    problem.append(details);
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
