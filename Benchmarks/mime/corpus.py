"""corpus.py FILE [MESSAGES]: a deterministic corpus like real mail: Zipf words, HTML, attachments, a median of 10 KiB.

Each message is preceded by a line with its length.
"""
import base64
import quopri
import random
import sys

random.seed(8621)
target, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000
syllables = "ka lo mi ter son ver ant ing pre ro de con al ti na re sta um er gra pol is".split()
words = ["".join(random.choices(syllables, k=random.randint(1, 4))) for _ in range(5000)]
accented = [w.replace("a", "ä", 1).replace("o", "ö", 1) for w in words[:2000]]
weights = [1 / (rank + 1) for rank in range(len(words))]
pool = random.choices(words, weights, k=200_000)
accented_pool = random.choices(accented, weights[:2000], k=50_000)


def text(size, pool):
    out, length, start = [], 0, random.randrange(len(pool) // 2)
    while length < size:
        line = " ".join(pool[(start + i) % len(pool)] for i in range(random.randint(6, 12)))
        start += 12
        out.append(line)
        length += len(line) + 2
    return "\r\n".join(out) + "\r\n"


def html(size, pool):
    body = text(size // 2, pool).split("\r\n")
    cells = "".join(f'<tr><td style="font-family:Arial,sans-serif;font-size:14px;color:#333333;padding:4px">{line}</td></tr>\r\n'
                    for line in body)
    return f"<!DOCTYPE html><html><head><style>td{{margin:0}}</style></head><body><table>\r\n{cells}</table></body></html>\r\n"


def part(kind, content, charset="utf-8", encoding="7bit", extra=""):
    if encoding == "base64":
        data = base64.encodebytes(content.encode(charset) if isinstance(content, str) else content).replace(b"\n", b"\r\n")
    elif encoding == "quoted-printable":
        data = quopri.encodestring(content.encode(charset).replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    else:
        data = content.encode(charset)
    cs = f"; charset={charset}" if kind.startswith("text/") else ""
    return f"Content-Type: {kind}{cs}{extra}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + data


def multipart(kind, parts, depth):
    boundary = f"----=_Part_{depth}_{random.getrandbits(64):x}"
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + p + b"\r\n" for p in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + body + f"--{boundary}--\r\n".encode()


def header(number):
    lines = [f"Return-Path: <sender{number}@example.org>"]
    for hop in range(random.randint(2, 5)):
        lines.append(f"Received: from mx{hop}.example.org (mx{hop}.example.org [192.0.2.{hop}])\r\n\tby mail.example.net "
                     f"with ESMTPS id {random.getrandbits(60):x}\r\n\tfor <alice@example.net>; Mon, 03 Jun 2024 09:15:0{hop} +0200")
    lines.append("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=k1;\r\n\tbh="
                 + base64.b64encode(random.randbytes(32)).decode() + ";\r\n\tb=" + base64.b64encode(random.randbytes(192)).decode())
    subject = " ".join(random.choices(words, k=6))
    if number % 3 == 0:
        subject = "=?utf-8?B?" + base64.b64encode(("Betreff: " + " ".join(random.choices(accented, k=3))).encode()).decode() + "?="
    lines += [f"From: =?utf-8?Q?J=C3=BCrgen_{number % 50}?= <sender{number % 50}@example.org>", "To: Alice <alice@example.net>",
              f"Subject: {subject}", "Date: Mon, 3 Jun 2024 09:15:00 +0200", f"Message-ID: <{number}@example.org>", "MIME-Version: 1.0"]
    return ("\r\n".join(lines) + "\r\n").encode()


with open(target, "wb") as out:
    for number in range(count):
        size = int(min(200_000, random.lognormvariate(8.0, 0.9)))
        kind = number % 10
        if kind < 2:
            body = part("text/plain", text(size * 2, pool))
        elif kind == 2:
            body = part("text/plain", text(size * 2, accented_pool), random.choice(["iso-8859-1", "windows-1252"]), "quoted-printable")
        elif kind == 3:
            body = part("text/plain", text(size, accented_pool), "utf-8", "base64")
        else:
            encoding = "quoted-printable" if kind < 8 else "base64"
            body = multipart("alternative", [part("text/plain", text(size, accented_pool), "utf-8", "quoted-printable"),
                                             part("text/html", html(size * 2, accented_pool), "utf-8", encoding)], 1)
            if kind in (5, 9):
                name = f'; name="file{number}.pdf"'
                body = multipart("mixed", [body, part("application/pdf", random.randbytes(size * 3), encoding="base64", extra=name)], 0)
        message = header(number) + body
        out.write(b"%d\n" % len(message) + message)
