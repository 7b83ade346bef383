/** A page for those who work here: sign in, then the page; its language is the account's until switched. */

import { type Account, ApiError, account as accounts } from "./http";
import { known, type Lang, pick } from "./language";
import { type SignInWords, signIn } from "./signin";
import { goByZone } from "./time";

export interface OpenPage {
  readonly element: HTMLElement;
  remove(): void;
}

export interface PageActions {
  /** Switches the language. */
  language(): void;
  /** Shows the sign-in page again. */
  signedOut(): void;
}

/** Runs a page in `place`; `open` is told who has signed in and may fail with `ApiError`. */
export async function runAccountPage(
  place: HTMLElement,
  name: string,
  texts: Record<Lang, SignInWords>,
  open: (account: Account, lang: Lang, actions: PageActions) => Promise<OpenPage>,
): Promise<void> {
  const key = `yingda:${name}:lang`;
  let page: OpenPage | undefined;
  let account: Account | undefined;
  let note = "";

  function remembered(): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  }

  function chosen(): Lang {
    const asked = known(new URLSearchParams(location.search).get("lang"));
    return asked ?? known(remembered()) ?? account?.language ?? pick(...navigator.languages);
  }

  function switchLanguage(): void {
    const other = chosen() === "zh" ? "en" : "zh";
    try {
      localStorage.setItem(key, other);
    } catch {
      // It is only forgotten at reload.
    }
    // What the address asks for would win over the choice.
    if (location.search) history.replaceState(null, "", location.pathname + location.hash);
    void show();
  }

  async function show(): Promise<void> {
    const lang = chosen();
    const words = texts[lang];
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = words.title;
    page?.remove();
    page = undefined;
    if (!account) {
      place.replaceChildren(signIn(lang, words, entered, switchLanguage));
      const error = place.querySelector(".error");
      if (error) error.textContent = note;
      return;
    }
    goByZone(account.zone);
    try {
      page = await open(account, lang, { language: switchLanguage, signedOut: () => leave("") });
      place.replaceChildren(page.element);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      leave(error.status === 403 ? words.notAllowed : words.unreachable);
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
    account = await accounts.me();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
  void show();
}
