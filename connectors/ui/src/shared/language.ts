/** Which language a page or the widget shows itself in. */

export type Lang = "zh" | "en";

/** The language tag of a page or browser as one of ours, or undefined when it is neither. */
export function known(tag: string | null | undefined): Lang | undefined {
  const primary = tag?.toLowerCase().split("-")[0];
  return primary === "zh" || primary === "en" ? primary : undefined;
}

/** The first of `tags` that is one of ours; English when none is. */
export function pick(...tags: (string | null | undefined)[]): Lang {
  for (const tag of tags) {
    const lang = known(tag);
    if (lang) return lang;
  }
  return "en";
}

/** Puts values into a text: `fill("还可输入 {n} 字", {n: 12})`. A name without a value stays. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
