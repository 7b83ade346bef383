/** The fields of a record that most records don't need: links, task, follow-ups, channels, dates. */

import { h } from "../shared/dom";
import { fill, type Lang } from "../shared/language";
import type { Link, Listing } from "./model";
import { type FormText, MOST_FOLLOW_UPS } from "./records";
import { named, WORDS } from "./words";

const PLAIN = ["picture", "valid_from", "valid_until", "owner"] as const;
const NO_LINK: Link = { url: "", zh: "", en: "" };

export interface MoreEvents {
  changed(): void;
  /** A place for what is wrong with a field. */
  faultsOf(path: string): HTMLElement;
}

/** Returns the fields; what is typed goes into `text`. */
export function moreFields(
  id: string,
  text: FormText,
  listing: Listing,
  lang: Lang,
  events: MoreEvents,
): HTMLElement {
  const { form, fields } = WORDS[lang];
  const label = (name: string) => named(fields, name);
  return h(
    "details",
    { class: "more", open: used(text), "data-testid": "more" },
    h("summary", {}, form.more),
    group(label("links"), linkRows(text, lang, events), events.faultsOf("links")),
    h(
      "div",
      { class: "grid" },
      field("task", label("task"), taskChoice(text, listing, lang, events), events),
      group(
        label("channels"),
        channelBoxes(text, listing, lang, events),
        events.faultsOf("channels"),
      ),
    ),
    group(
      fill(form.followUps, { n: MOST_FOLLOW_UPS }),
      followUps(id, text, listing, lang, events),
      events.faultsOf("follow_ups"),
    ),
    h(
      "div",
      { class: "grid" },
      ...PLAIN.map((name) => {
        const input = line(name, text[name], (value) => {
          text[name] = value;
          events.changed();
        });
        return field(name, label(name), input, events);
      }),
    ),
  );
}

function used(text: FormText): boolean {
  const { links, task, channels, follow_ups, picture, valid_from, valid_until } = text;
  const single = task + picture + valid_from + valid_until;
  return single !== "" || [links, channels, follow_ups].some(({ length }) => length > 0);
}

/** One row for each link and an empty one at the end; a row that is emptied goes with the next save. */
function linkRows(text: FormText, lang: Lang, events: MoreEvents): HTMLElement {
  const { form } = WORDS[lang];
  const rows = h("div", { class: "link-rows" });
  const add = (link: Link): HTMLElement => {
    const number = rows.childElementCount;
    const input = (name: keyof Link, label: string) => {
      const made = line(`link-${number}-${name}`, link[name], (value) => {
        if (!text.links.includes(link)) text.links.push(link);
        link[name] = value;
        events.changed();
      });
      made.setAttribute("aria-label", fill(label, { n: number + 1 }));
      made.placeholder = fill(label, { n: number + 1 });
      return made;
    };
    const row = h(
      "div",
      { class: "link-row" },
      input("url", form.linkUrl),
      input("zh", form.linkZh),
      input("en", form.linkEn),
    );
    rows.append(row);
    return row;
  };
  for (const link of text.links) add(link);
  if (text.links.length === 0) add({ ...NO_LINK });
  const more = h(
    "button",
    {
      type: "button",
      "data-testid": "add-link",
      onclick: () =>
        add({ ...NO_LINK })
          .querySelector("input")
          ?.focus(),
    },
    form.addLink,
  );
  return h("div", {}, rows, more);
}

function taskChoice(
  text: FormText,
  listing: Listing,
  lang: Lang,
  events: MoreEvents,
): HTMLSelectElement {
  const select = h("select", { id: "task", "data-testid": "task" });
  const titles = new Map(listing.tasks.map(({ id, title }) => [id, title[lang]]));
  // A task that was taken away since stays visible: it is what the check complains of.
  if (text.task && !titles.has(text.task)) titles.set(text.task, text.task);
  const none = h("option", { value: "" }, WORDS[lang].form.noTask);
  const options = [...titles].map(([id, title]) => h("option", { value: id }, title));
  select.append(none, ...options);
  select.value = text.task;
  select.addEventListener("change", () => {
    text.task = select.value;
    events.changed();
  });
  return select;
}

function channelBoxes(
  text: FormText,
  listing: Listing,
  lang: Lang,
  events: MoreEvents,
): HTMLElement {
  const { form, channels } = WORDS[lang];
  const names = [...new Set([...listing.channels, ...text.channels])];
  const boxes = names.map((name) => {
    const box = h("input", {
      type: "checkbox",
      value: name,
      checked: text.channels.includes(name),
      "data-testid": `channel-${name}`,
      onchange: () => {
        text.channels = names.filter((one) =>
          one === name ? box.checked : text.channels.includes(one),
        );
        events.changed();
      },
    });
    return h("label", { class: "box" }, box, named(channels, name));
  });
  return h(
    "div",
    {},
    h("div", { class: "boxes" }, ...boxes),
    h("p", { class: "tip" }, form.everywhere),
  );
}

/** Records that customers often ask next; the list behind each input offers all records by title. */
function followUps(
  id: string,
  text: FormText,
  listing: Listing,
  lang: Lang,
  events: MoreEvents,
): HTMLElement {
  const titles = new Map(
    listing.records.map((row) => [row.id, row.title[lang] || row.title.zh || row.title.en]),
  );
  titles.delete(id);
  const list = h("datalist", { id: "all-records" });
  list.append(...[...titles].map(([value, title]) => h("option", { value, label: title })));
  const inputs = Array.from({ length: MOST_FOLLOW_UPS }, (_, at) => {
    const shown = h("span", { class: "faint cut" }, titles.get(text.follow_ups[at] ?? "") ?? "");
    const input = line(`follow-up-${at}`, text.follow_ups[at] ?? "", () => {
      shown.textContent = titles.get(input.value.trim()) ?? "";
      text.follow_ups = inputs.map(({ input: { value } }) => value.trim()).filter(Boolean);
      events.changed();
    });
    input.setAttribute("list", list.id);
    input.setAttribute("aria-label", fill(WORDS[lang].form.followUp, { n: at + 1 }));
    input.placeholder = WORDS[lang].form.followUpPlaceholder;
    return { input, element: h("div", { class: "follow-up" }, input, shown) };
  });
  return h("div", {}, list, ...inputs.map(({ element }) => element));
}

function line(id: string, value: string, set: (value: string) => void): HTMLInputElement {
  const input = h("input", { id, "data-testid": id, autocomplete: "off" });
  input.value = value;
  input.addEventListener("input", () => set(input.value));
  return input;
}

function field(id: string, label: string, input: HTMLElement, events: MoreEvents): HTMLElement {
  return h(
    "div",
    { class: "field-small" },
    h("label", { for: id }, label),
    input,
    events.faultsOf(id),
  );
}

function group(label: string, ...inside: HTMLElement[]): HTMLElement {
  return h("fieldset", { class: "field-group" }, h("legend", {}, label), ...inside);
}
