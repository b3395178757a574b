"""What a person does with the pages, in words; the only file here that knows how they are built."""

import re
import zlib

PHONE, TABLET, DESKTOP = (390, 844), (768, 1024), (1440, 900)


class Webmail:
    def __init__(self, page):
        self.page = page

    def sign_in(self, address, password):
        """Fills in the form and waits for the list of the inbox."""
        self.page.get_by_label("Email address").fill(address)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("grid", name="Inbox").or_(self.page.get_by_text("All done")).first.wait_for()
        return self

    # The list

    def row(self, text):
        return self.page.get_by_role("row").filter(has_text=text).first

    def rows(self):
        return self.page.locator(".row[data-id]")

    def open(self, text):
        """Opens the conversation whose row shows this text."""
        self.row(text).click()
        self.page.locator(".conversation").wait_for()
        self.page.locator(".message.is-open").first.wait_for()

    def choose(self, text):
        self.row(text).get_by_role("checkbox").click()

    def folder(self, name):
        return self.page.locator("a.folder").filter(has_text=name).first

    def go_to(self, name):
        """Opens a folder; on a narrow page its drawer first."""
        if not self.folder(name).is_visible():
            self.page.get_by_role("button", name="Show folders").click()
        self.folder(name).click()
        self.page.get_by_role("grid", name=name).or_(self.page.locator(".empty-state")).first.wait_for()

    def unread_of(self, name):
        """The number beside a folder, or 0."""
        found = re.search(r"(\d+)", self.folder(name).inner_text().removeprefix(name))
        return int(found.group(1)) if found else 0

    def search(self, words):
        field = self.page.get_by_role("combobox", name="Search mail")
        if not field.is_visible():
            self.page.keyboard.press("/")
        field.fill(words)
        field.press("Enter")

    def undo(self):
        self.page.locator(".toast").get_by_role("button", name="Undo").first.click()

    def brightness(self):
        """Red, green and blue of the ground at the page's lower left corner, together."""
        height = self.page.viewport_size["height"]
        png = self.page.screenshot(clip={"x": 2, "y": height - 10, "width": 1, "height": 1})
        data, at = b"", 8
        while at < len(png):
            length, kind = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
            data += png[at + 8:at + 8 + length] if kind == b"IDAT" else b""
            at += 12 + length
        return sum(zlib.decompress(data)[1:4])

    # The conversation

    def message_text(self, text):
        """Somewhere in an open message: its HTML in the frame, or its plain text."""
        in_frames = self.page.frame_locator("iframe").first.get_by_text(text)
        return in_frames.or_(self.page.locator(".message").get_by_text(text)).first

    # The composer

    def composer(self):
        return Composer(self.page.locator(".composer").last)

    def write(self):
        self.page.keyboard.press("c")
        return self.composer()


class Composer:
    def __init__(self, root):
        self.root = root
        root.wait_for()

    def to(self, *addresses):
        field = self.root.get_by_role("combobox", name="To", exact=True)
        for address in addresses:
            field.fill(address)
            field.press("Enter")

    def subject(self, text):
        self.root.get_by_label("Subject").fill(text)

    def editor(self):
        return self.root.get_by_role("textbox", name="Message text")

    def type(self, text):
        self.editor().click()
        self.root.page.keyboard.press("Control+Home")
        self.root.page.keyboard.type(text)

    def attach(self, name, type, content):
        self.root.locator("input[type=file]").first.set_input_files({"name": name, "mimeType": type, "buffer": content})

    def send(self):
        self.root.get_by_role("button", name="Send", exact=True).click()

    def close(self):
        self.root.get_by_role("button", name="Save and close").click()
