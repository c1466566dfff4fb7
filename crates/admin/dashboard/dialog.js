// Questions before something is changed: what will happen, why, and the command that does the same.

import { h, replace, visible } from "./element.js";

/**
 * Asks, and does it. `fields`: elements with a name; `act(values)`: does it and throws what stands against it;
 * `command(values)`: the same on the command line; `preview(values)`: what would happen, in words.
 */
export function ask({ title, text, fields = [], action, danger = false, reason = true, act, command, preview }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const effect = h("p", { class: "effect", "aria-live": "polite" });
  const shell = h("code", null);
  const form = h("form", { method: "dialog" },
    h("h2", { id: "question" }, title),
    text ? h("p", null, text) : null,
    fields,
    reason ? h("label", null, "Reason, for the audit trail", h("input", { name: "reason", maxlength: 1000, autocomplete: "off" })) : null,
    effect,
    command ? h("p", { class: "command" }, "On the command line: ", shell) : null,
    problem,
    h("div", { class: "buttons" },
      h("button", { type: "button", onclick: () => box.close() }, "Cancel"),
      h("button", { type: "submit", class: danger ? "danger" : "primary" }, action)));
  const box = h("dialog", { "aria-labelledby": "question" }, form);
  const values = () => Object.fromEntries(new FormData(form));
  const told = async () => {
    shell.textContent = visible(command?.(values()) ?? "");
    if (preview) {
      try {
        replace(effect, await preview(values()));
      } catch (error) {
        replace(effect, error.message);
      }
    }
  };
  form.addEventListener("input", told);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    try {
      await act(values());
      box.close();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = visible(error.message);
    } finally {
      button.disabled = false;
    }
  });
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  told();
  return box;
}

const ROLES = ["metrics", "viewer", "operator", "admin"];
let rank = ROLES.length;

/** From now on only what this role may do is offered. Without a login there is no role, and everybody may do everything. */
export function offerTo(role) {
  rank = role ? ROLES.indexOf(role) : ROLES.length;
}

/** A button that changes something; nothing for whoever may not, whom the server would refuse. */
export function changeButton(label, onclick, needed = "operator") {
  return rank >= ROLES.indexOf(needed) ? h("button", { onclick }, label) : null;
}

/** A text for a shell. */
export function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** ` --reason …`, when there is one. */
export function because(reason) {
  return reason ? ` --reason ${quoted(reason)}` : "";
}

/** A button that copies a text. */
export function copyButton(label, text) {
  const button = h("button", {
    type: "button",
    class: "copy",
    onclick: async () => {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = label; }, 1500);
    },
  }, label);
  return button;
}
