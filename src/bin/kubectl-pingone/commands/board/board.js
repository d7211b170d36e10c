// Shows the page again whenever something changes. What is open, and where the keyboard is, stays.
"use strict";

const connection = document.getElementById("connection");
let events = null;
let isBusy = false;
let isNews = false;

async function update() {
  isNews = true;
  if (isBusy) return;
  isBusy = true;
  while (isNews) {
    isNews = false;
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The next event says whether the board is there.
    }
  }
  isBusy = false;
}

function replace(page) {
  const before = document.querySelector("main");
  const after = page.querySelector("main");
  if (!after) return;
  for (const details of before.querySelectorAll("details[open]")) {
    after.querySelector(`#${CSS.escape(details.id)}`)?.setAttribute("open", "");
  }
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  document.title = page.title;
  before.replaceWith(document.adoptNode(after));
  if (focused === before) {
    after.focus();
  } else if (focused?.id) {
    document.getElementById(focused.id)?.focus();
  } else if (focused?.getAttribute("href")) {
    after.querySelector(`a[href="${CSS.escape(focused.getAttribute("href"))}"]`)?.focus();
  }
  // An alert is read aloud when its text changes, and only then.
  const error = document.getElementById("error");
  const text = page.getElementById("error")?.textContent ?? "";
  if (error.textContent !== text) error.textContent = text;
}

// A browser keeps few connections to one host: a page that nobody sees holds none.
function connect() {
  if (document.hidden) {
    events?.close();
    events = null;
    return;
  }
  if (events) return;
  events = new EventSource(`${document.querySelector("main").dataset.root}revisions`);
  events.onopen = () => { connection.textContent = ""; };
  events.onerror = () => { connection.textContent = "The board does not answer. Is the command still running?"; };
  events.onmessage = (event) => {
    if (event.data !== document.querySelector("main").dataset.revision) update();
  };
}

document.addEventListener("visibilitychange", connect);
connect();
