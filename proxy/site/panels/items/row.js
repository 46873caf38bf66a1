/** One item of the list: shows it, edits its title, deletes it. */
import { attempt, clearMessages, cloneTemplate, confirmed, fill } from "../../portal/page.js";

/**
 * @param {object} item as the service sent it
 * @param {(id: string, options?: object) => Promise} requestItem asks the service about one item
 * @param {object} list
 * @param {(title: string) => Promise} list.add adds an item, and says so
 * @param {(news: string) => void} list.announce
 * @param {(row: Element) => void} list.remove takes the row of an item away that is no more
 */
export function makeRow(item, requestItem, list) {
  const row = cloneTemplate("item-template");
  const form = row.querySelector("form");
  const title = form.elements.title;
  const problem = row.querySelector(".problem");
  const edit = row.querySelector(".edit");
  const remove = row.querySelector(".delete");
  let etag = null;
  let isGone = false;

  const show = (newest) => {
    item = newest;
    fill(row, ".item-title", item.title);
    const time = row.querySelector("time");
    time.dateTime = item.updated_at;
    time.textContent = localTime(item.updated_at);
    edit.setAttribute("aria-label", `Edit ${item.title}`);
    remove.setAttribute("aria-label", `Delete ${item.title}`);
  };

  /** Resolves to null where there is no such item any more. */
  const ask = async (options) => {
    try {
      return await requestItem(item.id, options);
    } catch (error) {
      if (error.status !== 404) {
        throw error;
      }
      isGone = true;
      return null;
    }
  };

  // The version that the person starts from: the service refuses to save over a later one.
  const fetchNewest = async () => {
    const answer = await ask();
    if (answer) {
      etag = answer.etag;
      show(answer.body);
    }
  };

  const setEditing = (editing) => {
    form.hidden = !editing;
    row.querySelector(".item-view").hidden = editing;
    (editing ? title : edit).focus();
  };

  const leave = (news) => {
    list.remove(row);
    list.announce(news);
  };

  /** What was typed is never taken away: whoever typed it decides what becomes of it. */
  const save = async () => {
    const typed = titleIn(title);
    if (isGone) {
      await list.add(typed);
      return;
    }
    try {
      const answer = await ask({
        method: "PATCH",
        headers: { "Content-Type": "application/json", "If-Match": etag },
        body: JSON.stringify({ title: typed }),
      });
      if (answer) {
        show(answer.body);
      }
    } catch (error) {
      if (error.status !== 412) {
        throw error;
      }
      await fetchNewest();
      if (!isGone) {
        throw new Error(
          `This item was changed elsewhere while you edited it: it is “${item.title}” now. ` +
            "Save again to put your words in its place, or cancel to leave it so.",
        );
      }
    }
    if (isGone) {
      throw new Error(
        "This item was deleted elsewhere while you edited it. " +
          "Save again to add your words as a new item, or cancel to let them go.",
      );
    }
  };

  edit.addEventListener("click", async () => {
    if (!(await attempt(problem, fetchNewest, { button: edit }))) {
      return;
    }
    if (isGone) {
      leave(`“${item.title}” was deleted elsewhere.`);
    } else {
      title.value = item.title;
      setEditing(true);
    }
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(await attempt(problem, save, { button: event.submitter }))) {
      return;
    }
    if (isGone) {
      list.remove(row);
    } else {
      setEditing(false);
      list.announce(`Saved “${item.title}”.`);
    }
  });

  const cancel = () => {
    clearMessages(row);
    if (isGone) {
      leave(`“${item.title}” was deleted elsewhere.`);
    } else {
      setEditing(false);
    }
  };
  row.querySelector(".cancel").addEventListener("click", cancel);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      cancel();
    }
  });

  remove.addEventListener("click", async () => {
    if (!(await confirmed(`Delete “${item.title}”? This cannot be undone.`))) {
      return;
    }
    if (await attempt(problem, () => ask({ method: "DELETE" }), { button: remove })) {
      leave(isGone ? `“${item.title}” was deleted elsewhere already.` : `Deleted “${item.title}”.`);
    }
  });

  show(item);
  return row;
}

/**
 * The title that was typed.
 *
 * @throws {Error} there is nothing but spaces, which the service would refuse
 */
export function titleIn(input) {
  const title = input.value.trim();
  if (!title) {
    throw new Error("Give the item a title.");
  }
  return title;
}

function localTime(timestamp) {
  return new Date(timestamp).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
