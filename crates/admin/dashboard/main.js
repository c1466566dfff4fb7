// The page: which view stands at which path, the search, the keys, and the live switch.

import { offerTo } from "./dialog.js";
import { replace, visible } from "./element.js";
import { get, Live, path, Refused } from "./server.js";
import * as overview from "./overview.js";
import * as target from "./target.js";
import * as executions from "./executions.js";
import * as execution from "./execution.js";
import * as calls from "./calls.js";
import * as deadLetters from "./dead_letters.js";
import * as changes from "./changes.js";
import * as connect from "./connect.js";
import * as login from "./login.js";

// A view makes { title, node, live(snapshot), close() }; all but the node may be missing.
const VIEWS = [
  [/^\/$/, overview.view],
  [/^\/targets\/([^/]+)$/, target.view],
  [/^\/executions$/, executions.view],
  [/^\/executions\/([^/]+)$/, execution.view],
  [/^\/calls$/, calls.list],
  [/^\/calls\/([^/]+)$/, calls.view],
  [/^\/dead-letters$/, deadLetters.view],
  [/^\/changes$/, changes.view],
  [/^\/connect$/, connect.view],
];

const main = document.getElementById("view");
const problem = document.getElementById("problem");
const search = document.getElementById("search");
const button = document.getElementById("live");
let shown = null;
let snapshot = null;
let live = null;
let loggedOut = false;

function open() {
  const [view, names] = loggedOut ? [login.view, []] : found(location.pathname);
  show(view(...names.map(decodeURIComponent)));
}

function show(view) {
  shown?.close?.();
  problem.hidden = true;
  shown = view;
  document.title = `${visible(shown.title ?? "Overview")} · Rampmeter`;
  replace(main, shown.node);
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.pathname === "/" ? location.pathname === "/" || location.pathname.startsWith("/targets/")
      : location.pathname.startsWith(link.pathname);
    link.toggleAttribute("aria-current", here);
    if (here) {
      link.setAttribute("aria-current", "page");
    }
  }
  if (snapshot) {
    tell(snapshot);
  }
}

/** Stops following and asks for a login. */
function askForLogin() {
  loggedOut = true;
  live?.close();
  open();
}

function found(pathname) {
  for (const [pattern, view] of VIEWS) {
    const match = pattern.exec(pathname);
    if (match) {
      return [view, match.slice(1)];
    }
  }
  return [overview.view, []];
}

/** Goes to another view. */
function go(url) {
  history.pushState(null, "", url);
  open();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

async function tell(live) {
  snapshot = live;
  try {
    await shown?.live?.(live);
    problem.hidden = true;
  } catch (error) {
    told(error);
  }
}

function told(error) {
  if (error.code === "RM2027" && !loggedOut) {
    askForLogin();
    return;
  }
  problem.hidden = false;
  problem.textContent = visible(error.message);
  if (!(error instanceof Refused)) {
    throw error;
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.origin !== location.origin || link.target || link.hash || link.hasAttribute("download")) {
    return;
  }
  event.preventDefault();
  go(link.href);
});
addEventListener("popstate", open);
addEventListener("go", (event) => go(event.detail));
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof Refused) {
    event.preventDefault();
    told(event.reason);
  }
});

search.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wanted = search.elements.q.value.trim();
  if (wanted === "") {
    return;
  }
  try {
    go(await placeOf(wanted));
    search.reset();
    search.elements.q.blur();
  } catch (error) {
    told(error);
  }
});

/** Where a call's id or MessageId, or the name or ARN of an execution, is shown. */
async function placeOf(wanted) {
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(wanted);
  if (/^c-\d+$/.test(wanted)) {
    return `/calls/${wanted}`;
  }
  try {
    const execution = await get(`/executions${path(wanted)}`);
    return `/executions${path(execution.execution_arn)}`;
  } catch (error) {
    if (!uuid || error.code !== "RM2020") {
      throw error;
    }
    const call = await get(`/calls${path(wanted)}`);
    return `/calls/${call.id}`;
  }
}

const KEYS = { o: "/", e: "/executions", c: "/calls", d: "/dead-letters", h: "/changes" };
let going = false;
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select, dialog") || event.metaKey || event.ctrlKey || event.altKey) {
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    search.elements.q.focus();
  } else if (going && KEYS[event.key]) {
    go(KEYS[event.key]);
  }
  going = event.key === "g";
});

function follow() {
  live = new Live(tell, (status) => {
    const words = { live: "● live", paused: "Ⅱ paused", lost: "○ no answer" };
    button.textContent = words[status];
    button.className = status;
    button.setAttribute("aria-pressed", String(status !== "paused"));
  });
  button.addEventListener("click", () => live.toggle());
}

/** Begins: with the login where the server asks for one. */
async function begin() {
  const session = await get("/session");
  offerTo(session.role);
  if (session.user) {
    replace(document.getElementById("account"), login.account(session));
  }
  if (session.asks_for_login && !session.user) {
    askForLogin();
  } else {
    follow();
    open();
  }
}
begin();
