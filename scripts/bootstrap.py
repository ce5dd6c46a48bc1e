"""Install what Sundial needs, with Python's standard library only: `bootstrap.py run|dev|chromium|mariadb`.

run       .venv with requirements.txt
dev       .venv with requirements-dev.txt
chromium  a Chromium for the browser tests, from the system's package manager
mariadb   a MariaDB server for the tests of MySQL sources, likewise; without it they are skipped

Versions come from constraints.txt. A stamp file in .venv records what it was made from, so a second call
does nothing. This file must at least compile on a Python too old to run Sundial.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
TOOLS = ROOT / ".tools"
UV = "uv==0.13.9"
OLDEST = (3, 11)
NEWER_PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")
REQUIREMENTS = {"run": "requirements.txt", "dev": "requirements-dev.txt"}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_PACKAGES = {
    "apt-get": ("chromium",),
    "dnf": ("chromium",),
    "apk": ("chromium",),
    "pacman": ("chromium",),
    "zypper": ("chromium",),
    "brew": ("--cask", "chromium"),
}
DATABASE = ("mariadbd", "mariadb-install-db")
DATABASE_FOLDERS = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/opt/homebrew/opt/mariadb/bin")
DATABASE_PACKAGES = {
    # Where there is a choice, without the package that starts a server when it is installed.
    "apt-get": ("--no-install-recommends", "mariadb-server-core", "mariadb-client-core"),
    "dnf": ("mariadb-server",),
    "apk": ("mariadb", "mariadb-client"),
    "pacman": ("mariadb",),
    "zypper": ("mariadb",),
    "brew": ("mariadb",),
}
MANAGERS = (
    # (package manager, commands before, command)
    ("apt-get", (("apt-get", "update", "-q"),), ("apt-get", "install", "-qy")),
    ("dnf", (), ("dnf", "install", "-qy")),
    ("apk", (), ("apk", "add", "--quiet")),
    ("pacman", (), ("pacman", "-Sy", "--noconfirm")),
    ("zypper", (), ("zypper", "--non-interactive", "install")),
    ("brew", (), ("brew", "install")),
)


def fail(line):
    sys.exit("sundial: " + line)


def say(line):
    print("sundial: " + line, flush=True)


def run(*command, **options):
    """Whether `command` succeeded; its output goes to the terminal."""
    return subprocess.call([str(part) for part in command], cwd=str(ROOT), **options) == 0


def ensure_python():
    """Run this script again in a newer Python when this one is too old and another is installed."""
    if sys.version_info >= OLDEST:
        return
    for name in NEWER_PYTHONS:
        path = shutil.which(name)
        if path:
            os.execv(path, [path, *sys.argv])
    fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")


def fingerprint(kind):
    digest = hashlib.sha256(sys.version.encode())
    names = ["requirements.txt", "constraints.txt", REQUIREMENTS[kind]]
    for name in names:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def stamp(kind):
    return VENV / f"sundial-{kind}.stamp"


def is_current(kind):
    try:
        return stamp(kind).read_text() == fingerprint(kind) and os.access(VENV_PYTHON, os.X_OK)
    except OSError:
        return False


def ensure_venv(kind):
    """Install what `kind` needs into .venv, unless it is there; one made for dev serves run too."""
    if is_current(kind) or (kind == "run" and is_current("dev")):
        return
    say(f"installing {REQUIREMENTS[kind]} into .venv")
    uv = find_uv()
    if not (uv and install_with_uv(uv, kind)):
        install_with_pip(kind)
    stamp(kind).write_text(fingerprint(kind))


def find_uv():
    """The path of an installed uv, or of one installed into .tools; None when pip cannot install it."""
    ours = TOOLS / "bin" / "uv"
    if os.access(ours, os.X_OK):
        return ours
    if shutil.which("uv"):
        return shutil.which("uv")
    if not has_pip():
        return None
    # --target works where the system's Python is closed to pip (PEP 668), and needs no venv module.
    quiet = ("--quiet", "--disable-pip-version-check", "--no-warn-script-location", "--root-user-action=ignore")
    options = dict(os.environ, PIP_USER="0")
    if run(sys.executable, "-m", "pip", "install", *quiet, "--target", TOOLS, UV, env=options):
        return ours
    return None


def has_pip():
    return importlib.util.find_spec("pip") is not None


def install_with_uv(uv, kind):
    environment = dict(os.environ)
    if "PIP_INDEX_URL" in environment:
        environment.setdefault("UV_DEFAULT_INDEX", environment["PIP_INDEX_URL"])
    if not is_venv_of_this_python():
        shutil.rmtree(VENV, ignore_errors=True)
        if not run(uv, "venv", "--quiet", "--python", sys.executable, VENV, env=environment):
            return False
    if run(
        *(uv, "pip", "install", "--quiet", "--python", VENV_PYTHON),
        *("-r", REQUIREMENTS[kind], "-c", "constraints.txt"),
        env=environment,
    ):
        return True
    say("uv failed: trying pip")
    return False


def install_with_pip(kind):
    """Without uv: the venv module and pip, whichever of the two is available."""
    if not is_venv_of_this_python():
        shutil.rmtree(VENV, ignore_errors=True)
        bundled = importlib.util.find_spec("ensurepip") is not None
        if not (bundled or has_pip()):
            fail("this Python has no pip: install it (Debian, Ubuntu: apt-get install python3-pip)")
        options = () if bundled else ("--without-pip",)
        if not run(sys.executable, "-m", "venv", *options, VENV):
            fail("python -m venv failed, see above (Debian, Ubuntu: apt-get install python3-venv)")
    inside = run(VENV_PYTHON, "-m", "pip", "--version", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not inside and importlib.util.find_spec("ensurepip") is not None:  # a venv that uv has made
        inside = run(VENV_PYTHON, "-m", "ensurepip", stdout=subprocess.DEVNULL)
    pip = (VENV_PYTHON, "-m", "pip") if inside else (sys.executable, "-m", "pip", "--python", VENV_PYTHON)
    if not run(*pip, "install", "--quiet", "-r", REQUIREMENTS[kind], "-c", "constraints.txt"):
        fail("the packages could not be installed, see above: is a package registry reachable?")


def is_venv_of_this_python():
    """Whether .venv exists and was made from this minor version."""
    library = VENV / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    return os.access(VENV_PYTHON, os.X_OK) and library.is_dir()


def install_with_system(packages):
    """Whether `packages` were installed with the first package manager that the system has."""
    for manager, before, install in MANAGERS:
        if not shutil.which(manager):
            continue
        root = () if manager == "brew" or os.geteuid() == 0 else ("sudo", "-n")
        commands = (*before, (*install, *packages[manager]))
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        return all(run(*root, *command, env=environment) for command in commands)
    return False


def ensure_chromium():
    if any(shutil.which(name) for name in BROWSERS):
        return
    say("installing Chromium for the browser tests")
    if not install_with_system(BROWSER_PACKAGES):
        fail("the browser tests need Chromium: install it, so that `chromium` is on the PATH")


def ensure_mariadb():
    if os.environ.get("TEST_MYSQL_URL") or has_mariadb():
        return
    say("installing MariaDB for the tests of MySQL sources")
    if install_with_system(DATABASE_PACKAGES) and has_mariadb():
        return
    say("no MariaDB: the tests of MySQL sources are skipped")


def has_mariadb():
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *DATABASE_FOLDERS))
    return all(shutil.which(name, path=path) for name in DATABASE)


def main():
    ensure_python()
    kind = sys.argv[1] if len(sys.argv) == 2 else ""
    if kind in REQUIREMENTS:
        ensure_venv(kind)
    elif kind == "chromium":
        ensure_chromium()
    elif kind == "mariadb":
        ensure_mariadb()
    else:
        fail("usage: bootstrap.py run|dev|chromium|mariadb")


if __name__ == "__main__":
    main()
