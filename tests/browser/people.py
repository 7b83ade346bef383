"""A customer, an agent and an editor as the browser tests know them: what they do, on their real pages."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.desk.running import PASSWORD, DeskApp


class Customer:
    """The shop's page with the widget."""

    def __init__(self, page: Page, app: DeskApp) -> None:
        self.page = page
        self.state = page.get_by_test_id("state")
        self.queue = page.get_by_test_id("queue")
        page.goto(f"{app.url}/")
        page.get_by_test_id("launcher").click()

    def say(self, text: str) -> None:
        self.page.get_by_test_id("input").fill(text)
        self.page.get_by_test_id("send").click()
        expect(self.messages("customer").filter(has_text=text).last).to_have_attribute(
            "data-status", "stored"
        )

    def settle(self) -> None:
        """Wait until the last word is not the customer's."""
        last = self.page.get_by_test_id("message").last
        expect(last).not_to_have_attribute("data-author", "customer")

    def press(self, title: str) -> None:
        """Press the newest quick reply of this title."""
        self.settle()
        self.page.get_by_test_id("quick-reply").get_by_text(title, exact=True).last.click()

    def messages(self, author: str) -> Locator:
        return self.page.locator(f'[data-testid="message"][data-author="{author}"]')


class Agent:
    """The desk's page."""

    def __init__(self, page: Page, app: DeskApp, login: str = "xiaochen") -> None:
        self.page = page
        page.goto(f"{app.url}/desk/?lang=zh")
        page.locator("#login").fill(login)
        page.locator("#password").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_test_id("board")).to_be_visible()

    def open(self, preview: str, tab: str = "waiting") -> None:
        self.page.get_by_test_id(f"tab-{tab}").click()
        self.page.get_by_test_id("row").filter(has_text=preview).click()
        expect(self.lines("customer").filter(has_text=preview).last).to_be_visible()

    def take(self) -> None:
        self.page.get_by_test_id("take").click()
        expect(self.page.get_by_test_id("close")).to_be_visible()

    def say(self, text: str) -> None:
        self.page.get_by_test_id("composer").fill(text)
        self.page.keyboard.press("Enter")
        expect(self.lines("agent").filter(has_text=text)).to_have_count(1)
        expect(self.page.get_by_test_id("outgoing")).to_have_count(0)

    def close(self, resolution: str = "solved") -> None:
        self.page.get_by_test_id("close").click()
        self.page.get_by_test_id(f"close-{resolution}").click()
        expect(self.page.get_by_test_id("close")).to_be_hidden()

    def lines(self, author: str) -> Locator:
        return self.page.locator(f'[data-testid="line"][data-author="{author}"]')


def sign_in(page: Page, app: DeskApp, login: str = "shenhe") -> None:
    """Open the editor's page."""
    page.goto(f"{app.url}/editor/?lang=zh")
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_test_id("record").first).to_be_visible()


def ask(customer: Page, text: str) -> str:
    """Ask on the widget and return the bot's answer."""
    bot = customer.locator('[data-testid="message"][data-author="bot"]')
    expect(bot.first).to_be_visible()  # the greeting, which would be counted as the answer
    before = bot.count()
    customer.get_by_test_id("input").fill(text)
    customer.get_by_test_id("send").click()
    expect(bot).to_have_count(before + 1)
    return bot.last.inner_text()
