/** The editor's page: sign in, then the FAQ. */

import "../tokens.css";
import "../shared/page.css";
import "./editor.css";
import { runAccountPage } from "../shared/account-page";
import { api } from "./api";
import { EditorPage } from "./page";
import { WORDS } from "./words";

void runAccountPage(
  document.querySelector("#editor") as HTMLElement,
  "editor",
  WORDS,
  async (_account, lang, actions) =>
    new EditorPage(await api.me(), await api.list(), lang, actions),
);
