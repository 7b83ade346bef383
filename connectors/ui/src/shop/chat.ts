/** How the page talks to the widget in it. */

import type { YingdaChat } from "../loader/element";

/** The page's widget; until its script has run, the calls do nothing. */
function widget(): Partial<YingdaChat> {
  return document.querySelector<YingdaChat>("yingda-chat") ?? {};
}

export const openChat = (): void => widget().open?.();
export const sendToChat = (text: string): void => widget().send?.(text);
export const draftInChat = (text: string): void => widget().draft?.(text);
