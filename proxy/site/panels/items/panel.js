/** The person's items: list, search, add. */
import { attempt, element, fill } from "../../portal/page.js";
import { makeRow } from "./row.js";

const PAGE_SIZE = 10;
const TYPING_PAUSE_MS = 250;

const MARKUP = `
  <div class="section-head">
    <h2 id="items-title"></h2>
    <p id="items-count"></p>
  </div>
  <p id="items-closed" class="muted">Sign in to see your items.</p>
  <div id="items-open" hidden>
    <form id="add-form" class="row-form">
      <label for="add-title" class="visually-hidden">Title of the new item</label>
      <input id="add-title" name="title" required maxlength="200" autocomplete="off" placeholder="A new item">
      <button type="submit">Add</button>
    </form>
    <form id="search-form" class="row-form" role="search">
      <label for="search-text" class="visually-hidden">Search by title</label>
      <input id="search-text" name="q" type="search" maxlength="200" autocomplete="off" placeholder="Search by title">
    </form>
    <ul id="items" class="items"></ul>
    <p id="items-empty" class="muted" hidden></p>
    <button id="items-more" type="button" class="quiet wide" hidden>More</button>
  </div>
  <p id="items-problem" class="problem" role="alert"></p>
  <p id="items-news" class="news" role="status"></p>
  <template id="item-template">
    <li class="item">
      <div class="item-view">
        <div class="item-text">
          <p class="item-title"></p>
          <p class="item-time muted">Changed <time></time></p>
        </div>
        <div class="actions">
          <button type="button" class="quiet edit">Edit</button>
          <button type="button" class="quiet delete">Delete</button>
        </div>
      </div>
      <form class="item-edit row-form" hidden>
        <input name="title" required maxlength="200" autocomplete="off" aria-label="Title">
        <button type="submit">Save</button>
        <button type="button" class="quiet cancel">Cancel</button>
      </form>
    </li>
  </template>
`;

/**
 * @param {Element} section to fill; it is empty
 * @param {{title: string, prefix: string}} service as the list of services has it
 * @param {Session} session of the portal; nobody is signed in yet
 */
export function showPanel(section, { title, prefix: itemsUrl }, session) {
  section.innerHTML = MARKUP;
  fill(section, "h2", title);
  const list = element("items");
  const more = element("items-more");
  const problem = element("items-problem");
  const searchText = element("search-text");
  let nextCursor = null;
  let lastLoad = new AbortController();

  const announce = (news) => {
    element("items-news").textContent = news;
  };

  const requestItem = (id, options) => session.request(itemsUrl + encodeURIComponent(id), options);

  const rowOf = (item) => makeRow(item, requestItem, { problem, announce, removed });

  function removed(row) {
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    showCount();
    (neighbour?.querySelector(".edit") ?? element("add-title")).focus();
  }

  function showCount() {
    const count = list.children.length;
    const searched = searchText.value.trim();
    more.hidden = nextCursor === null;
    element("items-count").textContent = count ? `${count}${nextCursor ? "+" : ""}` : "";
    element("items-empty").hidden = count > 0;
    element("items-empty").textContent = searched
      ? `No item has “${searched}” in its title.`
      : "No items yet. Add the first one above.";
  }

  /** One page of the list; an answer that a later search has overtaken is dropped. */
  async function fetchPage(cursor) {
    lastLoad.abort();
    lastLoad = new AbortController();
    const { signal } = lastLoad;
    const query = new URLSearchParams({ limit: PAGE_SIZE });
    if (cursor) {
      query.set("cursor", cursor);
    }
    if (searchText.value.trim()) {
      query.set("q", searchText.value.trim());
    }
    try {
      const { body } = await session.request(`${itemsUrl}?${query}`, { signal });
      return signal.aborted ? null : body;
    } catch (error) {
      if (signal.aborted) {
        return null;
      }
      throw error;
    }
  }

  const showFirstPage = () =>
    attempt(problem, async () => {
      const page = await fetchPage(null);
      if (page) {
        list.replaceChildren(...page.items.map(rowOf));
        nextCursor = page.next_cursor;
        showCount();
      }
    });

  const showNextPage = async () => {
    const page = await fetchPage(nextCursor);
    if (page) {
      const rows = page.items.map(rowOf);
      list.append(...rows);
      nextCursor = page.next_cursor;
      showCount();
      rows[0]?.querySelector(".edit").focus();
    }
  };

  const add = async (form) => {
    const { body } = await session.request(itemsUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ title: form.elements.title.value }),
    });
    form.reset();
    list.prepend(rowOf(body));
    showCount();
    announce(`Added “${body.title}”.`);
  };

  element("add-form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(problem, () => add(event.target), event.submitter);
  });

  more.addEventListener("click", () => attempt(problem, showNextPage, more));

  let typing = 0;
  searchText.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(showFirstPage, TYPING_PAUSE_MS);
  });
  element("search-form").addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    showFirstPage();
  });

  let wasSignedIn = false;
  session.addEventListener("change", () => {
    const signedIn = session.tokens !== null;
    if (signedIn === wasSignedIn) {
      return;
    }
    wasSignedIn = signedIn;
    element("items-open").hidden = !signedIn;
    element("items-closed").hidden = signedIn;
    problem.textContent = "";
    announce("");
    if (signedIn) {
      showFirstPage();
    } else {
      lastLoad.abort();
      searchText.value = "";
      list.replaceChildren();
      element("items-count").textContent = "";
    }
  });
}
