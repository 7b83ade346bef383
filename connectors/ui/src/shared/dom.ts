/** Builds DOM nodes. Text is always a text node: no string is ever parsed as HTML. */

type Value = string | number | boolean | EventListener | undefined;
/** Attributes by name; `on<event>` takes a listener. `style` is left out: a strict CSP refuses it. */
export type Props = Record<string, Value> & { style?: never };
export type Child = Node | string | null | undefined | false;

const SVG = "http://www.w3.org/2000/svg";

/** Returns a new element. `true` sets an empty attribute; `false` and `undefined` set none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined)
      element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => !!child || child === ""));
  return element;
}

/** Returns a 24 x 24 line icon of one path; it says nothing to a screen reader. */
export function icon(path: string, kind = "icon"): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", kind);
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}
