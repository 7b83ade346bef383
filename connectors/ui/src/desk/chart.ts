/** Small charts as SVG: bars over days, or by name. A table beside them has the exact figures. */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 320;
const HEIGHT = 96;
const LABEL = 14;
const WIDEST = 44;
/** A digit's width. */
const LETTER = 6;
const MOST_WRITTEN = 8;

export interface Bar {
  label: string;
  /** `null` where there was no case. */
  value: number | null;
}

function s(tag: string, attributes: Record<string, string | number>, text?: string): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Upright bars, downward for what is below 0. `show` writes a value; `top` is the value of a full bar,
 * the largest when left out. Where there are many, not every one is written at. */
export function columns(
  title: string,
  bars: readonly Bar[],
  show: (value: number) => string,
  top?: number,
): SVGSVGElement {
  const chart = s("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT + 2 * LABEL}`,
    class: "chart",
    role: "img",
    "aria-label": described(title, bars, show),
  }) as SVGSVGElement;
  const values = bars.map(({ value }) => value ?? 0);
  const most = (top ?? Math.max(...values)) || 1;
  const least = Math.min(0, ...values) < 0 ? -most : 0;
  const zero = LABEL + (HEIGHT * most) / (most - least);
  const step = WIDTH / Math.max(1, bars.length);
  const width = Math.min(step * 0.86, WIDEST);
  const each = Math.ceil(bars.length / MOST_WRITTEN);
  bars.forEach(({ label, value }, index) => {
    const middle = (index + 0.5) * step;
    const height = (Math.abs(value ?? 0) / (most - least)) * HEIGHT;
    const y = (value ?? 0) < 0 ? zero : zero - height;
    if (value !== null)
      chart.append(
        s("rect", {
          x: middle - width / 2,
          y,
          width,
          height: Math.max(height, 1),
          rx: Math.min(3, width / 3),
          class: "bar",
        }),
      );
    if (value !== null && each === 1)
      chart.append(s("text", { x: middle, y: y - 3, class: "value" }, show(value)));
    // From the newest back, so that today has its name.
    if ((bars.length - 1 - index) % each === 0) chart.append(named(label, middle, step * each));
  });
  return chart;
}

/** A name under its bar: whole at the edge of the picture too, cut where its neighbour begins. */
function named(label: string, middle: number, room: number): SVGElement {
  let text = label;
  while (widthOf(text) > room && text.length > 2) text = `${text.slice(0, -2).trimEnd()}…`;
  const half = widthOf(text) / 2;
  const at = Math.max(half, Math.min(WIDTH - half, middle));
  const name = s("text", { x: at, y: 2 * LABEL + HEIGHT - 3, class: "label" }, text);
  if (text !== label) name.append(s("title", {}, label));
  return name;
}

/** About how wide a text is: a Chinese character is twice a digit. */
function widthOf(text: string): number {
  return [...text].reduce((sum, char) => sum + (char > "\u2e7f" ? 2 : 1) * LETTER, 0);
}

/** What a screen reader says: the title and every value. */
export function described(
  title: string,
  bars: readonly Bar[],
  show: (value: number) => string,
): string {
  const values = bars.map(({ label, value }) => `${label} ${value === null ? "–" : show(value)}`);
  return `${title}: ${values.join(", ")}`;
}
