"""peer.py CORPUS ROUNDS: what MimeBench does, by Python's email. Prints MB/s and how much text."""
import email
import sys
import time

corpus = open(sys.argv[1], "rb").read()
rounds = int(sys.argv[2])
messages, at = [], 0
while at < len(corpus):
    end = corpus.index(b"\n", at)
    size = int(corpus[at:end])
    messages.append(corpus[end + 1:end + 1 + size])
    at = end + 1 + size
start, produced = time.perf_counter(), 0
for _ in range(rounds):
    for data in messages:
        for part in email.message_from_bytes(data).walk():
            if part.get_content_maintype() == "text":
                text = part.get_payload(decode=True).decode(part.get_content_charset() or "utf-8", "replace")
                produced += len(text.replace("\r\n", "\n").encode())
seconds = time.perf_counter() - start
print(f"{sum(map(len, messages)) * rounds / 1e6 / seconds:.1f} {produced // rounds}")
