// Shows the page again whenever something changes. What is open, and where the keyboard is, stays.
"use strict";

const connection = document.getElementById("connection");
let isBusy = false;
let isNews = false;

async function show() {
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
    after.querySelector(`#${details.id}`)?.setAttribute("open", "");
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
}

const looks = new EventSource("/looks");
looks.onopen = () => { connection.textContent = ""; };
looks.onerror = () => { connection.textContent = "The board does not answer. Is the command still at work?"; };
looks.onmessage = (event) => {
  if (event.data !== document.querySelector("main").dataset.look) show();
};
