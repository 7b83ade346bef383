/** The desk: sign in, then the page. */

import "../tokens.css";
import "../shared/page.css";
import "./desk.css";
import { runAccountPage } from "../shared/account-page";
import { api } from "./api";
import { DeskPage } from "./page";
import { WORDS } from "./words";

void runAccountPage(
  document.querySelector("#desk") as HTMLElement,
  "desk",
  WORDS,
  async (account, lang, actions) => new DeskPage(account, await api.catalogue(), lang, actions),
);
