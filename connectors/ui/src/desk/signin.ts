/** The sign-in page. */

import { h, icon } from "../shared/dom";
import { MARK } from "../shared/icons";
import type { Lang } from "../shared/language";
import { ApiError, api } from "./api";
import type { Account } from "./model";
import { WORDS, type Words } from "./words";

/** Returns the page; `done` gets the account, `other` switches the language. */
export function signIn(
  lang: Lang,
  done: (account: Account) => void,
  other: () => void,
): HTMLElement {
  const words = WORDS[lang];
  const login = h("input", {
    id: "login",
    name: "login",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
  });
  const password = h("input", {
    id: "password",
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", { type: "submit", class: "primary" }, words.signIn);
  const form = h(
    "form",
    { class: "sign-in-card" },
    h("span", { class: "mark" }, icon(MARK)),
    h("h1", {}, words.title),
    h("p", { class: "hint" }, words.signInHint),
    h("label", { for: "login" }, words.login),
    login,
    h("label", { for: "password" }, words.password),
    password,
    error,
    button,
    h(
      "button",
      { type: "button", class: "quiet", lang: lang === "zh" ? "en" : "zh-CN", onclick: other },
      words.otherLanguage,
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.textContent = "";
    try {
      done(await api.signIn(login.value, password.value));
    } catch (problem) {
      error.textContent = reason(problem, words);
      password.select();
    } finally {
      button.disabled = false;
    }
  });
  queueMicrotask(() => login.focus());
  return h("main", { class: "sign-in" }, form);
}

function reason(problem: unknown, words: Words): string {
  if (!(problem instanceof ApiError)) throw problem;
  if (problem.status === 429) return words.tooMany;
  return problem.status === 401 || problem.status === 422 ? words.wrong : words.unreachable;
}
