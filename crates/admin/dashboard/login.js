// The login: a token is exchanged for a session, whose cookie no script can read. The token itself is not kept.

import { h } from "./element.js";
import { post } from "./server.js";

export function view() {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const token = h("input", { name: "token", type: "password", autocomplete: "current-password", required: true, spellcheck: "false" });
  const form = h("form", { id: "login" },
    h("label", null, "Token", token),
    problem,
    h("button", { type: "submit", class: "primary" }, "Log in"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await post("/session/open", { token: token.value });
      location.reload();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error.code === "RM2027" ? "This is not the token of a user, or it is no longer good." : error.message;
    } finally {
      token.value = "";
    }
  });
  return {
    title: "Log in",
    node: h("div", null, h("h1", null, "Log in"),
      h("p", null, "Whoever runs the server makes a token with ", h("code", null, "rampmeter user add"), "."),
      form),
  };
}

/** Who is logged in, and the way out. */
export function account(session) {
  return h("span", null, `${session.user} (${session.role}) `, h("button", {
    type: "button",
    onclick: async () => {
      await post("/session/close", {});
      location.reload();
    },
  }, "Log out"));
}
