/** The person's items: list, search, add. */
import { attempt, clearMessages, element, fill } from "../../portal/page.js";
import { makeRow, titleIn } from "./row.js";

const FIRST_ROWS = 20;
/** What the service gives at once at most. */
const MORE_ROWS = 100;
/** An address asks for no more rows than this. */
const MAX_ROWS = 1000;
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
      <input id="add-title" name="title" required maxlength="200" autocomplete="off" placeholder="A new item" dir="auto">
      <button type="submit">Add</button>
    </form>
    <div id="add-problem" class="problem" role="alert"></div>
    <form id="search-form" class="row-form" role="search">
      <label for="search-text" class="visually-hidden">Search by title</label>
      <input id="search-text" name="q" type="search" maxlength="200" autocomplete="off" placeholder="Search by title" dir="auto">
    </form>
    <div id="items-problem" class="problem" role="alert"></div>
    <ul id="items" class="items"></ul>
    <p id="items-empty" class="muted" hidden></p>
    <button id="items-more" type="button" class="quiet wide" hidden>More</button>
    <p id="items-news" class="news" role="status"></p>
  </div>
  <template id="item-template">
    <li class="item">
      <div class="item-view">
        <div class="item-text">
          <p class="item-title" dir="auto"></p>
          <p class="item-time muted">Changed <time></time></p>
        </div>
        <div class="actions">
          <button type="button" class="quiet edit">Edit</button>
          <button type="button" class="quiet delete">Delete</button>
        </div>
      </div>
      <form class="item-edit row-form" hidden>
        <input name="title" required maxlength="200" autocomplete="off" aria-label="Title" dir="auto">
        <button type="submit">Save</button>
        <button type="button" class="quiet cancel">Cancel</button>
      </form>
      <div class="problem" role="alert"></div>
    </li>
  </template>
`;

/**
 * @param {Element} section to fill; it is empty
 * @param {{name: string, title: string, prefix: string}} service as the list of services has it
 * @param {Session} session of the portal; nobody is signed in yet
 */
export function showPanel(section, { name, title, prefix: itemsUrl }, session) {
  section.innerHTML = MARKUP;
  fill(section, "h2", title);
  const list = element("items");
  const more = element("items-more");
  const problem = element("items-problem");
  const searchText = element("search-text");
  const asked = new URLSearchParams(location.search);
  searchText.value = asked.get("q") ?? "";
  let wantedRows = Math.min(Number(asked.get("rows")) || 0, MAX_ROWS);
  let nextCursor = null;
  /** How many there are, shown or not; null while nobody asked. */
  let total = null;
  let isLoaded = false;
  let lastLoad = new AbortController();

  const announce = (news) => {
    element("items-news").textContent = news;
  };

  const requestItem = (id, options) => session.request(itemsUrl + encodeURIComponent(id), options);

  const rowOf = (item) => makeRow(item, requestItem, { add, announce, remove });

  const searched = () => searchText.value.trim();

  function remove(row) {
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    changeTotal(-1);
    (neighbour?.querySelector(".edit") ?? element("add-title")).focus();
  }

  function changeTotal(by) {
    if (total !== null) {
      total += by;
    }
    showCount();
  }

  function showCount() {
    const count = list.children.length;
    more.hidden = nextCursor === null;
    const known = nextCursor === null ? count : total;
    const ofAll = known === null ? `${count}+` : `${count} of ${known}`;
    element("items-count").textContent = known === count ? `${count || ""}` : ofAll;
    element("items-empty").hidden = !isLoaded || count > 0;
    element("items-empty").textContent = searched()
      ? `No item has “${searched()}” in its title.`
      : "No items yet. Add the first one above.";
  }

  /** The search and how far the list is open are in the address, so that a reload or a bookmark leads back. */
  function keepInAddress() {
    const query = new URLSearchParams();
    if (searched()) {
      query.set("q", searched());
    }
    if (list.children.length > FIRST_ROWS) {
      query.set("rows", list.children.length);
    }
    const address = new URL(location.href);
    address.search = query;
    history.replaceState(null, "", address);
  }

  async function fetchPage(cursor, limit, signal) {
    const query = new URLSearchParams({ limit });
    if (cursor) {
      query.set("cursor", cursor);
    }
    if (searched()) {
      query.set("q", searched());
    }
    const { body } = await session.request(`${itemsUrl}?${query}`, { signal });
    return body;
  }

  async function fetchTotal(signal) {
    const query = new URLSearchParams(searched() ? { q: searched() } : {});
    const { body } = await session.request(`${itemsUrl}count?${query}`, { signal });
    return body.count;
  }

  /** Run `load`; what a later load has overtaken is dropped. */
  async function loading(load) {
    lastLoad.abort();
    lastLoad = new AbortController();
    const { signal } = lastLoad;
    try {
      await load(signal);
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  const showFirstPage = () =>
    attempt(
      problem,
      () =>
        loading(async (signal) => {
          const items = [];
          let cursor = null;
          do {
            const limit = Math.min(Math.max(wantedRows - items.length, FIRST_ROWS), MORE_ROWS);
            const page = await fetchPage(cursor, limit, signal);
            signal.throwIfAborted();
            items.push(...page.items);
            cursor = page.next_cursor;
          } while (cursor && items.length < wantedRows);
          wantedRows = 0;
          list.replaceChildren(...items.map(rowOf));
          nextCursor = cursor;
          isLoaded = true;
          total = null;
          showCount();
          keepInAddress();
          if (nextCursor) {
            total = await fetchTotal(signal);
            showCount();
          }
        }),
      { retry: true },
    );

  const showNextPage = () =>
    loading(async (signal) => {
      const page = await fetchPage(nextCursor, MORE_ROWS, signal);
      signal.throwIfAborted();
      const rows = page.items.map(rowOf);
      list.append(...rows);
      nextCursor = page.next_cursor;
      showCount();
      keepInAddress();
      rows[0]?.querySelector(".edit").focus();
    });

  async function add(newTitle) {
    const { body } = await session.request(itemsUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ title: newTitle }),
    });
    let news = `Added “${body.title}”.`;
    if (!isLoaded) {
      await showFirstPage();
    } else if (body.title.toLowerCase().includes(searched().toLowerCase())) {
      list.prepend(rowOf(body));
      changeTotal(1);
    } else {
      news += " It does not match your search, so it is not listed.";
    }
    announce(news);
  }

  element("add-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const work = () => add(titleIn(form.elements.title));
    if (await attempt(element("add-problem"), work, { button: event.submitter })) {
      form.reset();
    }
  });

  more.addEventListener("click", () => attempt(problem, showNextPage, { button: more }));

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

  document.addEventListener("service-back", ({ detail }) => {
    if (detail === name && session.tokens && !isLoaded) {
      showFirstPage();
    }
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
    clearMessages(section);
    if (signedIn) {
      showFirstPage();
      return;
    }
    lastLoad.abort();
    isLoaded = false;
    list.replaceChildren();
    nextCursor = null;
    showCount();
    if (!session.endedBecause) {
      // The next person has a search of their own.
      searchText.value = "";
      keepInAddress();
    }
  });
}
