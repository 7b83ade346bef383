// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { h } from "../../src/shared/dom";
import { markdown, plain, safeUrl } from "../../src/shared/markdown";

const html = (text: string): string => h("div", {}, ...markdown(text)).innerHTML;
const page = (text: string): HTMLElement => h("div", {}, ...markdown(text));

describe("markdown shows", () => {
  test("bold, also around Chinese, and leaves lone stars alone", () => {
    expect(html("满 **¥99** 包邮")).toBe("<p>满 <strong>¥99</strong> 包邮</p>");
    expect(html("5 ** 3 * 2")).toBe("<p>5 ** 3 * 2</p>");
  });

  test("lines as breaks and empty lines as paragraphs", () => {
    expect(html("一\r\n二\n\n三")).toBe("<p>一<br>二</p><p>三</p>");
  });

  test("lists between paragraphs, numbered ones from their own number", () => {
    expect(html("选项：\n- 甲\n- **乙**\n完")).toBe(
      "<p>选项：</p><ul><li>甲</li><li><strong>乙</strong></li></ul><p>完</p>",
    );
    expect(html("3. c\n4. d")).toBe('<ol start="3"><li>c</li><li>d</li></ol>');
  });

  test("links with text and bare links, without the punctuation after them", () => {
    const links = [
      ...page("见[说明](https://a.example/x)，或 https://b.example/路径。").querySelectorAll("a"),
    ];
    expect(links.map((a) => [a.textContent, a.getAttribute("href")])).toEqual([
      ["说明", "https://a.example/x"],
      ["https://b.example/路径", "https://b.example/%E8%B7%AF%E5%BE%84"],
    ]);
    for (const a of links) expect(a.rel).toContain("noopener");
  });

  test("a link inside bold", () => {
    expect(page("**见[这里](https://a.example)**").querySelector("strong a")?.textContent).toBe(
      "这里",
    );
  });
});

describe("markdown never runs what it shows", () => {
  const attacks = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "**<svg onload=alert(1)>**",
    "- <iframe srcdoc='<script>alert(1)</script>'>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    '[x](https://a.example" onmouseover="alert(1))',
    "[<img src=x onerror=alert(1)>](https://a.example)",
    'https://a.example/"><script>alert(1)</script>',
    "[x](vbscript:msgbox)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
  ];

  test.each(attacks)("%s", (attack) => {
    const shown = page(attack);
    const allowed = new Set(["P", "UL", "OL", "LI", "STRONG", "BR", "A"]);
    for (const element of shown.querySelectorAll("*")) {
      expect(allowed).toContain(element.tagName);
      for (const { name } of element.attributes) expect(["href", "target", "rel"]).toContain(name);
    }
    for (const a of shown.querySelectorAll("a"))
      expect(["https:", "http:"]).toContain(new URL(a.href).protocol);
  });

  test("nothing typed is lost: markup shows as the text it is", () => {
    expect(page("<b>甲</b> &amp; 乙").textContent).toBe("<b>甲</b> &amp; 乙");
  });

  test("2,000 characters of half-open markup take no noticeable time", () => {
    const start = performance.now();
    for (const piece of ["**a ", "[a](", "**", "[[[", "https://", "- **["])
      markdown(piece.repeat(2000 / piece.length));
    expect(performance.now() - start).toBeLessThan(500);
  });
});

test("plain keeps a customer's stars and brackets as typed", () => {
  expect(h("div", {}, ...plain("**a**\n[b](https://c.example)")).innerHTML).toBe(
    "<p>**a**<br>[b](https://c.example)</p>",
  );
});

test("safeUrl takes http and https, makes our own paths absolute, refuses the rest", () => {
  expect(safeUrl("/a.png", "https://s.example")).toBe("https://s.example/a.png");
  expect(safeUrl("https://b.example/")).toBe("https://b.example/");
  for (const bad of ["javascript:alert(1)", "data:image/svg+xml,x", "//", "/a.png", ""])
    expect(safeUrl(bad)).toBeUndefined();
});
