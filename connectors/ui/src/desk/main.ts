/** The desk: sign in, then the page; the language is the account's until somebody switches. */

import "../tokens.css";
import "./dark.css";
import "./desk.css";
import { known, type Lang, pick } from "../shared/language";
import { ApiError, api } from "./api";
import type { Account } from "./model";
import { DeskPage } from "./page";
import { signIn } from "./signin";
import { applyTheme } from "./theme";
import { WORDS } from "./words";

applyTheme();
const KEY = "yingda:desk:lang";
const place = document.querySelector("#desk") as HTMLElement;
let page: DeskPage | undefined;
let account: Account | undefined;
let note = "";

function chosen(): Lang {
  const asked = known(new URLSearchParams(location.search).get("lang"));
  return asked ?? known(remembered()) ?? account?.language ?? pick(...navigator.languages);
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function switchLanguage(): void {
  const other = chosen() === "zh" ? "en" : "zh";
  try {
    localStorage.setItem(KEY, other);
  } catch {
    // It is only forgotten at reload.
  }
  // What the address asks for would win over the choice.
  if (location.search) history.replaceState(null, "", location.pathname);
  void show();
}

async function show(): Promise<void> {
  const lang = chosen();
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = WORDS[lang].title;
  page?.remove();
  page = undefined;
  if (!account) {
    place.replaceChildren(signIn(lang, entered, switchLanguage));
    const error = place.querySelector(".error");
    if (error) error.textContent = note;
    return;
  }
  try {
    const catalogue = await api.catalogue();
    page = new DeskPage(account, catalogue, lang, {
      language: switchLanguage,
      signedOut: () => leave(""),
    });
    place.replaceChildren(page.element);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    leave(error.status === 403 ? WORDS[lang].notAllowed : WORDS[lang].unreachable);
  }
}

function entered(who: Account): void {
  account = who;
  note = "";
  void show();
}

function leave(why: string): void {
  account = undefined;
  note = why;
  void show();
}

try {
  account = await api.me();
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
}
void show();
