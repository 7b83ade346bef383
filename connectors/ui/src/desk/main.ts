/** The desk: sign in, then the page. */

import "../tokens.css";
import "./dark.css";
import "../shared/page.css";
import "./desk.css";
import { runAccountPage } from "../shared/account-page";
import { api } from "./api";
import { DeskPage } from "./page";
import { applyTheme } from "./theme";
import { WORDS } from "./words";

applyTheme();
void runAccountPage(
  document.querySelector("#desk") as HTMLElement,
  "desk",
  WORDS,
  async (account, lang, actions) => new DeskPage(account, await api.catalogue(), lang, actions),
);
