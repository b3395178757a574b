"""What a person does with the pages, in words."""


def sign_in(page, account):
    """Fills in the log-in form and waits for the folders."""
    page.get_by_label("Address", exact=False).first.fill(account.address)
    page.get_by_label("Password", exact=False).first.fill(account.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Inbox", exact=True).first.wait_for()
