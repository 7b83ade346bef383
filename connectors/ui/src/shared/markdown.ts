/** Light Markdown to DOM nodes: **bold**, lists, [text](https://…), bare links, line breaks.
 *
 * Safe by construction: text only ever becomes text nodes, and the only attribute taken from the
 * text is a link's address, which must parse as http or https.
 */

import { h } from "./dom";

const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*(\d{1,3})[.)、]\s*(\S.*)$/;
// A bare address ends before white space, brackets and the punctuation of either language.
const INLINE =
  /\*\*(?=\S)([^\n]*?\S)\*\*|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)|(https?:\/\/[^\s<>"'()（）【】《》「」，。、；：！？]*[^\s<>"'()（）【】《》「」，。、；：！？,.;:!?])/gi;

/** Returns the blocks of `text`: `<p>`, `<ul>` and `<ol>` elements in order. */
export function markdown(text: string): HTMLElement[] {
  const blocks: HTMLElement[] = [];
  let open: HTMLElement | undefined;
  const into = (tag: "p" | "ul" | "ol", start = 1): HTMLElement => {
    if (open?.localName !== tag) {
      open = h(tag, { start: tag === "ol" && start !== 1 && start });
      blocks.push(open);
    }
    return open as HTMLElement;
  };
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    const bullet = BULLET.exec(line);
    const number = NUMBER.exec(line);
    if (bullet) {
      into("ul").append(h("li", {}, ...inline(bullet[1] ?? "")));
    } else if (number) {
      into("ol", Number(number[1])).append(h("li", {}, ...inline(number[2] ?? "")));
    } else if (line.trim() === "") {
      open = undefined;
    } else {
      const paragraph = into("p");
      if (paragraph.hasChildNodes()) paragraph.append(h("br"));
      paragraph.append(...inline(line));
    }
  }
  return blocks;
}

/** Returns `text` as paragraphs with its line breaks and nothing else: what a customer typed. */
export function plain(text: string): HTMLElement[] {
  const paragraph = h("p");
  text.split(/\r\n?|\n/).forEach((line, index) => {
    paragraph.append(...(index ? [h("br")] : []), line);
  });
  return [paragraph];
}

/** The address as an absolute one when it is http or https, else undefined.
 * `base` makes relative addresses of our own server absolute. */
export function safeUrl(address: string, base?: string): string | undefined {
  try {
    const url = new URL(address, base);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** A link that opens elsewhere and tells that page nothing about this one. */
export function link(href: string, ...children: (Node | string)[]): HTMLAnchorElement {
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

function inline(text: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, bold, label, target, bare] = match;
    if (match.index > end) nodes.push(text.slice(end, match.index));
    end = match.index + whole.length;
    const href = safeUrl(target ?? bare ?? "");
    if (bold !== undefined) nodes.push(h("strong", {}, ...inline(bold)));
    else if (href) nodes.push(link(href, label ?? bare ?? href));
    else nodes.push(whole);
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}
