/** The sign-in page. */

import { h, icon } from "./dom";
import { type Account, ApiError, account } from "./http";
import { MARK } from "./icons";
import type { Lang } from "./language";

/** What the sign-in page says. */
export interface SignInWords {
  title: string;
  signIn: string;
  signInHint: string;
  login: string;
  password: string;
  wrong: string;
  tooMany: string;
  notAllowed: string;
  unreachable: string;
  otherLanguage: string;
}

/** Returns the page; `done` gets the account, `other` switches the language. */
export function signIn(
  lang: Lang,
  words: SignInWords,
  done: (account: Account) => void,
  other: () => void,
): HTMLElement {
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
      done(await account.signIn(login.value, password.value));
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

function reason(problem: unknown, words: SignInWords): string {
  if (!(problem instanceof ApiError)) throw problem;
  if (problem.status === 429) return words.tooMany;
  return problem.status === 401 || problem.status === 422 ? words.wrong : words.unreachable;
}
