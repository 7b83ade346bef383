/** The chunk that the launcher loads when the chat is first needed. */

import type { Lang } from "../shared/language";
import tokens from "../tokens/page.css?inline";
import { Badge } from "./badge";
import css from "./chat.css?inline";
import { Conversation } from "./conversation";
import { Panel } from "./panel";
import type { Auth } from "./protocol";
import { socketWire } from "./wire";

export interface MountOptions {
  root: ShadowRoot;
  /** Origin of the server. */
  server: string;
  lang: Auth["lang"];
  uiLang: Lang;
  title: string | undefined;
  /** The shop's signed token of its customer, asked for with every connection. */
  customerToken(): string | undefined;
  /** The customer closed the panel from inside. */
  close(): void;
}

export interface Chat {
  /** @param focus whether the customer asked for it and will type next. */
  show(focus: boolean): void;
  hide(): void;
  /** Sends a text as if the customer had typed it. */
  say(text: string): void;
  /** Puts a text into the field without sending it. */
  draft(text: string): void;
  /** The customer token is another one. */
  identify(): void;
  remove(): void;
}

/** Connects and builds the panel, hidden, in `root`. */
export function mount(options: MountOptions): Chat {
  const { root, server, lang, uiLang, title, close } = options;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(tokens + css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  const badge = new Badge(uiLang);
  const conversation = new Conversation(server, lang, uiLang, socketWire(server), changed, () =>
    options.customerToken(),
  );
  function changed(): void {
    panel.render();
    badge.show(panel.open ? 0 : conversation.unread);
  }
  const panel = new Panel(conversation, { lang: uiLang, title, server, close });
  root.prepend(panel.element);
  root.querySelector(".dock")?.append(...badge.elements);
  return {
    show(focus) {
      panel.show(focus);
      badge.show(0);
    },
    hide: () => panel.hide(),
    say: (text) => conversation.say(text),
    draft: (text) => panel.draft(text),
    identify: () => conversation.identify(),
    remove() {
      conversation.close();
      panel.remove();
      badge.remove();
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
    },
  };
}
