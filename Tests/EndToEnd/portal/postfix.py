"""Debian's Postfix as an instance of its own: configuration, queue and log in a temporary directory, ports of loopback."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from .waiting import accepts, free_ports, until

PROGRAM = shutil.which("postfix") or "/usr/sbin/postfix"

# As Debian's, with the listening port of a test, and without what needs more of the machine.
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

MAIN = """compatibility_level = 3.6
config_directory = {directory}/etc
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/mail.log
maillog_file_prefixes = {directory}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.site.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.9/32
append_dot_mydomain = no
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
"""


class Postfix:
    """Its directory can be read by the user that Postfix runs as, so sockets may lie in it."""

    def __init__(self, settings, port=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="postfix-"))
        self.directory.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (self.directory / name).mkdir()
        os.chown(self.directory / "data", pwd.getpwnam("postfix").pw_uid, -1)
        self.port = port or free_ports(1)[0]
        self.log = self.directory / "mail.log"
        self._write("main.cf", MAIN.format(directory=self.directory) + settings)
        self._write("master.cf", MASTER.format(port=self.port))

    def _write(self, name, text):
        (self.directory / "etc" / name).write_text(text)

    def _command(self, word, check=True):
        done = subprocess.run([PROGRAM, "-c", self.directory / "etc", word], capture_output=True, timeout=60)
        assert not check or done.returncode == 0, done.stderr.decode()

    def start(self):
        self._command("start")
        until(lambda: accepts(self.port), 10, "Postfix's listening")
        return self

    def stop(self):
        self._command("stop", check=False)
        until(lambda: not accepts(self.port), 10, "Postfix's end")

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def flush(self):
        """Tries what waits, now."""
        self._command("flush")

    def lines(self, *words):
        """The log lines that hold all of these words."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return [line for line in text.splitlines() if all(word in line for word in words)]
