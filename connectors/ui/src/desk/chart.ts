/** Small charts as SVG: bars over days, and bars by name. A table beside them has the exact figures. */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 320;
const HEIGHT = 96;
const LABEL = 14;
const GAP = 6;

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

/** Upright bars. `show` writes a value; `top` is the value of a full bar, the largest when left out. */
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
  const most = (top ?? Math.max(...bars.map(({ value }) => value ?? 0))) || 1;
  const step = WIDTH / Math.max(1, bars.length);
  bars.forEach(({ label, value }, index) => {
    const middle = (index + 0.5) * step;
    const height = ((value ?? 0) / most) * HEIGHT;
    const y = LABEL + HEIGHT - height;
    if (value !== null)
      chart.append(
        s("rect", {
          x: index * step + GAP / 2,
          y,
          width: Math.min(step - GAP, 44),
          height: Math.max(height, 1),
          rx: 3,
          class: "bar",
          transform: `translate(${Math.max(0, (step - GAP - 44) / 2)} 0)`,
        }),
        s("text", { x: middle, y: y - 3, class: "value" }, show(value)),
      );
    chart.append(s("text", { x: middle, y: 2 * LABEL + HEIGHT - 3, class: "label" }, label));
  });
  return chart;
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
