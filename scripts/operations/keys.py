"""Make a key or the passwords anew, in the file of variables that the services are started with.

    python -m scripts.operations.keys secret-key FILE   the old key is believed until `forget`
    python -m scripts.operations.keys forget FILE       believe the newest key only
    python -m scripts.operations.keys vapid FILE        every phone has to be turned on again
    python -m scripts.operations.keys passwords FILE    of the database's logins; DATABASE_URL names
                                                        an administrator

Nothing is printed but the names of what has changed. Restart web and worker afterwards.
"""

import argparse
import secrets
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from prescriptions import push
from scripts.operations import postgres
from scripts.operations.postgres import OperationError

Variables = dict[str, str]
ADDRESSES = ("APP_DATABASE_URL", "MIGRATOR_DATABASE_URL", "DUMP_DATABASE_URL")


def new_secret_key(variables: Variables) -> Variables:
    """Sign with a new key, and go on believing what the old ones have signed."""
    old = [variables.get("SECRET_KEY", ""), variables.get("SECRET_KEY_FALLBACKS", "")]
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SECRET_KEY_FALLBACKS": ",".join(filter(None, old)),
    }


def forget(variables: Variables) -> Variables:
    """Believe the newest key only: who was signed in by an older one signs in again."""
    return {"SECRET_KEY_FALLBACKS": ""}


def new_vapid_key(variables: Variables) -> Variables:
    return {"VAPID_PRIVATE_KEY": push.new_private_key()}


def new_passwords(variables: Variables, *, administrator: str) -> Variables:
    """Set the passwords of the logins that the file names; connections that are open stay open."""
    changed = {}
    with psycopg.connect(administrator) as connection:
        for name in ADDRESSES:
            if not variables.get(name):
                continue
            parts, password = urlsplit(variables[name]), secrets.token_urlsafe(32)
            login = parts.username
            if not login:
                raise OperationError(f"{name} names no login.")
            # Encrypted here, so that no log of the server's can show it.
            encrypted = connection.pgconn.encrypt_password(
                password.encode(), login.encode(), b"scram-sha-256"
            )
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(login), encrypted.decode()))
            hosts = parts.netloc.rpartition("@")[2]
            netloc = f"{quote(login)}:{quote(password)}@{hosts}"
            changed[name] = urlunsplit(parts._replace(netloc=netloc))
    return changed


def changed_file(text: str, changed: Variables) -> str:
    """The file with other values; lines about other things stay as they are."""
    lines, left = [], dict(changed)
    for line in text.splitlines():
        name = line.partition("=")[0].strip()
        lines.append(f"{name}={left.pop(name)}" if name in left else line)
    return "\n".join([*lines, *(f"{name}={value}" for name, value in left.items())]) + "\n"


def read(text: str) -> Variables:
    """NAME=value, a line each."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip() for name, mark, value in pairs if mark}


def _replace(file: Path, text: str) -> None:
    unfinished = file.with_name(f".{file.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.replace(file)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.operations.keys")
    parser.add_argument("action", choices=["secret-key", "forget", "vapid", "passwords"])
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    makers = {"secret-key": new_secret_key, "forget": forget, "vapid": new_vapid_key}
    try:
        text = given.file.read_text()
        variables = read(text)
        if given.action == "passwords":
            administrator = postgres.address("DATABASE_URL")
            changed = new_passwords(variables, administrator=administrator)
        else:
            changed = makers[given.action](variables)
        _replace(given.file, changed_file(text, changed))
    except (OperationError, psycopg.Error, OSError) as error:
        sys.exit(str(error))
    print("Changed:", ", ".join(changed) or "nothing")


if __name__ == "__main__":
    main()
