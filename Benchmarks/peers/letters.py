"""Mail to measure with: deterministic and like real mail: a median of 10 KiB, HTML, attachments, threads, words by Zipf's law."""

import base64
import random

CONSONANTS, VOWELS = "bcdfghklmnprstvw", "aeiou"


class Letters:
    """The same messages for the same seed, one after the other; a `median` of text of 7,000 octets makes messages of 10 kB."""

    def __init__(self, seed=1, words=20_000, median=7_000):
        self.random = random.Random(seed)
        self.median = median
        self.words = ["".join(self.random.choice(CONSONANTS) + self.random.choice(VOWELS) for _ in range(2 + index % 3)) + str(index % 7 or "") for index in range(words)]
        # Zipf: the n-th word has weight 1/n; drawn through cumulative weights.
        total, self.cumulative = 0.0, []
        for rank in range(1, words + 1):
            total += 1 / rank
            self.cumulative.append(total)
        self.people = [(f"{self.word().title()} {self.word().title()}", f"{self.word()}{index}@{self.word()}.example") for index in range(400)]
        self.number = 0
        self.threads = []

    def word(self):
        return self.random.choices(self.words, cum_weights=self.cumulative)[0]

    def text(self, size):
        """About `size` octets of sentences."""
        count = max(3, size // 6)
        words = self.random.choices(self.words, cum_weights=self.cumulative, k=count)
        lines, line = [], []
        for word in words:
            line.append(word)
            if len(line) == 11:
                lines.append(" ".join(line).capitalize() + ".")
                line = []
        return "\r\n".join(lines + [" ".join(line) + "."])

    def next(self, to="bench@demo.test"):
        """One message as bytes with CRLF."""
        self.number += 1
        name, address = self.random.choice(self.people)
        size = min(int(self.random.lognormvariate(0, 1.1) * self.median), 60 * self.median)
        identifier = f"<{self.number}.bench@demo.example>"
        head = [f"From: {name} <{address}>", f"To: <{to}>"]
        if self.threads and self.random.random() < 0.45:
            subject, references = self.random.choice(self.threads[-60:])
            head += [f"Subject: Re: {subject}", f"In-Reply-To: {references[-1]}", "References: " + " ".join(references[-6:])]
            references.append(identifier)
        else:
            subject = " ".join(self.word() for _ in range(self.random.randint(2, 7))).capitalize()
            self.threads.append((subject, [identifier]))
            head.append(f"Subject: {subject}")
        day, hour = self.number // 40 % 28 + 1, self.number % 24
        head += [f"Date: {day:02d} Feb 2026 {hour:02d}:{self.number % 60:02d}:00 +0000", f"Message-ID: {identifier}", "MIME-Version: 1.0"]
        return ("\r\n".join(head) + "\r\n").encode() + self._body(size)

    def _body(self, size):
        kind = self.random.random()
        if kind < 0.35:
            return f"Content-Type: text/plain; charset=utf-8\r\n\r\n{self.text(size)}\r\n".encode()
        text = self.text(size // 3)
        html = "<html><body>" + "".join(f"<p style=\"margin:0\">{line}</p>\r\n" for line in self.text(size // 2).split("\r\n")) + "</body></html>"
        both = (
            f"Content-Type: multipart/alternative; boundary=\"alt\"\r\n\r\n--alt\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
            f"--alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--alt--\r\n"
        )
        if kind < 0.85:
            return both.encode()
        octets = base64.encodebytes(self.random.randbytes(size)).replace(b"\n", b"\r\n")
        return (
            b"Content-Type: multipart/mixed; boundary=\"mix\"\r\n\r\n--mix\r\n" + both.encode()
            + b"\r\n--mix\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Disposition: attachment; filename=\"plan.pdf\"\r\n"
            + b"Content-Transfer-Encoding: base64\r\n\r\n" + octets + b"--mix--\r\n"
        )


def fill_maildir(folder, count, seed=1, median=7_000):
    """Writes `count` messages into a Maildir as delivered and seen by nobody, oldest first."""
    import os
    import pathlib

    letters = Letters(seed, median=median)
    for sub in ("cur", "new", "tmp"):
        pathlib.Path(folder, sub).mkdir(parents=True, exist_ok=True)
    start = 1_700_000_000
    for number in range(count):
        path = pathlib.Path(folder, "cur", f"{start + number * 60}.M{number}P1.bench:2,{'S' if number % 3 else ''}")
        path.write_bytes(letters.next())
        os.utime(path, (start + number * 60,) * 2)
