"""The main job in a real browser: a mailing goes out, the recipient reads it and follows its link, the console tells.

usage: story.py CONSOLE INBOX TOKEN SUBJECT RECIPIENT TARGET
Says "submit" on a line of its own when the mailing is to be submitted, and goes on when it reads a line.
"""

import os
import re
import sys
from html import unescape
from urllib.request import urlopen

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from devtools import Browser, Failed  # noqa: E402

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"


def main(console, inbox, token, subject, recipient, target):
    with Browser(limit=40) as office, Browser(limit=40, agent=PHONE) as reader:
        office.size(1440)
        office.go(console + "/emails")
        office.type("#api-token", token)
        office.press("Enter")
        office.shows("No emails yet")
        office.complaints.clear()  # the door's own 401

        # It goes out while the office looks on, without loading the page anew.
        print("submit", flush=True)
        sys.stdin.readline()
        office.shows(subject)
        office.until("document.querySelector('.state').innerText.includes('Delivered')", "the list to say Delivered")
        office.click("a.row", subject)
        office.shows("recipients in all", recipient)
        office.click("a.row", recipient)
        office.shows("Taken by the recipient’s server", "Unread")

        # The recipient opens it, with images, on a phone.
        reader.size(390)
        reader.go(f"{inbox}/?to={recipient}")
        reader.click("a.row")
        reader.shows("Images are not loaded.")
        reader.click("a", "Load images")
        office.shows("Viewed", "Read · 1 view")

        # And follows the link to where it leads in truth.
        with urlopen(reader.run("document.querySelector('iframe').src")) as body:
            links = re.findall(r'href="([^"]+/c/[^"]+)"', body.read().decode())
        if not links:
            raise Failed("the letter has no tracked link")
        reader.requests.clear()
        reader.call("Page.navigate", {"url": unescape(links[-1])})
        reader.drain()
        if not any(url.startswith(target) for url in reader.requests.values()):
            raise Failed(f"the link leads to {list(reader.requests.values())}, not to {target}")
        office.shows("Clicked")
        office.drain()
        if office.complaints:
            raise Failed(f"the console's browser complains: {office.complaints}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
