/** Light, dark, or as the system has it; remembered in this browser. */

const KEY = "yingda:desk:theme";
const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function theme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return THEMES.find((name) => name === stored) ?? "auto";
  } catch {
    return "auto";
  }
}

/** Puts the remembered theme on the page. */
export function applyTheme(): void {
  const { dataset } = document.documentElement;
  const chosen = theme();
  if (chosen === "auto") delete dataset.theme;
  else dataset.theme = chosen;
}

/** Goes to the next theme. */
export function turnTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length] ?? "auto";
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // It is only forgotten at reload.
  }
  const { dataset } = document.documentElement;
  if (next === "auto") delete dataset.theme;
  else dataset.theme = next;
}
