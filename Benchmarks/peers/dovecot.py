"""Debian's Dovecot with a configuration of its own in a temporary directory: LMTP and IMAP on loopback, Maildir, its usual fsync."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess

from portal.waiting import accepts, free_ports, until


class Dovecot:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory) / "dovecot"
        self.directory.mkdir(parents=True)
        self.lmtp, self.imap = free_ports(2)
        isRoot = os.geteuid() == 0
        user = "mail" if isRoot else pwd.getpwuid(os.geteuid()).pw_name
        account = pwd.getpwnam(user)
        self.mail = self.directory / "mail"
        self.mail.mkdir()
        self.owner = (account.pw_uid, account.pw_gid)
        os.chown(self.mail, *self.owner)
        self.directory.chmod(0o755)
        for parent in self.directory.parents:
            if isRoot and parent.owner() == "root" and parent != pathlib.Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
        users = "" if isRoot else f"default_internal_user = {user}\ndefault_login_user = {user}\n"
        (self.directory / "dovecot.conf").write_text(f"""
base_dir = {self.directory}/run
state_dir = {self.directory}/state
log_path = {self.directory}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
{users}
mail_location = maildir:{self.mail}/%n/Maildir
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={account.pw_uid} gid={account.pw_gid} home={self.mail}/%n allow_all_users=yes
}}
service lmtp {{
  inet_listener lmtp {{
    port = {self.lmtp}
  }}
  process_min_avail = 1
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
namespace inbox {{
  inbox = yes
}}
""")

    def start(self):
        self.process = subprocess.Popen([shutil.which("dovecot") or "/usr/sbin/dovecot", "-F", "-c", self.directory / "dovecot.conf"])
        until(lambda: accepts(self.lmtp) and accepts(self.imap), 15, "Dovecot's listening")
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)

    def own(self, folder):
        """Gives everything below `folder` to the user that Dovecot delivers as."""
        for path in [folder, *pathlib.Path(folder).rglob("*")]:
            os.chown(path, *self.owner)
