/** One item of the list: shows it, edits its title, deletes it. */
import { attempt, cloneTemplate, confirmed, fill } from "../../portal/page.js";

/**
 * @param {object} item as the service sent it
 * @param {(id: string, options?: object) => Promise} requestItem asks the service about one item
 * @param {{problem: Element, announce: (news: string) => void, removed: (row: Element) => void}} page
 */
export function makeRow(item, requestItem, { problem, announce, removed }) {
  const row = cloneTemplate("item-template");
  const form = row.querySelector("form");
  const title = form.elements.title;
  const edit = row.querySelector(".edit");
  const remove = row.querySelector(".delete");
  let etag = null;

  const show = (newest) => {
    item = newest;
    fill(row, ".item-title", item.title);
    const time = row.querySelector("time");
    time.dateTime = item.updated_at;
    time.textContent = localTime(item.updated_at);
    edit.setAttribute("aria-label", `Edit ${item.title}`);
    remove.setAttribute("aria-label", `Delete ${item.title}`);
  };

  // The version that the person starts from: the service refuses to save over a later one.
  const fetchNewest = async () => {
    const answer = await requestItem(item.id);
    etag = answer.etag;
    show(answer.body);
    title.value = item.title;
  };

  const setEditing = (editing) => {
    form.hidden = !editing;
    row.querySelector(".item-view").hidden = editing;
    (editing ? title : edit).focus();
  };

  const save = async () => {
    try {
      const { body } = await requestItem(item.id, {
        method: "PATCH",
        headers: { "Content-Type": "application/json", "If-Match": etag },
        body: JSON.stringify({ title: title.value }),
      });
      show(body);
    } catch (error) {
      if (error.status !== 412) {
        throw error;
      }
      await fetchNewest();
      throw new Error(
        "This item was changed elsewhere while you edited it. " +
          `Here is its newest title; change that one. ${error.message}`,
      );
    }
  };

  edit.addEventListener("click", async () => {
    if (await attempt(problem, fetchNewest, edit)) {
      setEditing(true);
    }
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await attempt(problem, save, event.submitter)) {
      setEditing(false);
      announce(`Saved “${item.title}”.`);
    }
  });

  row.querySelector(".cancel").addEventListener("click", () => setEditing(false));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      setEditing(false);
    }
  });

  remove.addEventListener("click", async () => {
    if (!(await confirmed(`Delete “${item.title}”? This cannot be undone.`))) {
      return;
    }
    if (await attempt(problem, () => requestItem(item.id, { method: "DELETE" }), remove)) {
      removed(row);
      announce(`Deleted “${item.title}”.`);
    }
  });

  show(item);
  return row;
}

function localTime(timestamp) {
  return new Date(timestamp).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
