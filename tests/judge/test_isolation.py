"""What student code can see and do inside the sandbox; the same deed succeeds where it is harmless."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.errors import SandboxError
from autograder.judge import isolation, syscall_filter
from autograder.judge.course import Course
from autograder.judge.replies import Lost
from autograder.judge.sandbox import Sandbox, _advice
from autograder.judge.session import Limits, Session
from tests.judge import tiny

REPOSITORY = Path(__file__).resolve().parents[2]


def error_of(session: Session, source: str) -> str:
    return session.run_cell(source)[0]


def printed_by(session: Session, source: str) -> str:
    error, text = session.run_cell(source)
    assert error == ""
    return text.strip()


def test_the_repository_does_not_exist_inside(session: Session) -> None:
    path = REPOSITORY / "pyproject.toml"
    assert path.is_file()
    assert "FileNotFoundError" in error_of(session, f"open({str(path)!r})")
    assert printed_by(session, f"import os; print(os.path.exists({str(REPOSITORY / 'autograder')!r}))") == "False"


def test_what_numpy_needs_exists_inside_and_cannot_be_written(session: Session) -> None:
    assert printed_by(session, "import numpy as np; print(open(np.__file__).read() != '')") == "True"
    assert error_of(session, "open(np.__file__, 'a')").startswith(("OSError", "PermissionError"))


@pytest.mark.parametrize("name", ["torch", "scipy", "sklearn", "nbgrader", "nbformat", "pytest"])
def test_packages_that_answer_exercises_or_grade_cannot_be_imported(session: Session, name: str) -> None:
    assert "ModuleNotFoundError" in error_of(session, f"import {name}")


@pytest.mark.parametrize(
    "name", ["numpy", "matplotlib.pyplot", "IPython.display", "sqlite3", "ssl", "decimal", "multiprocessing"]
)
def test_packages_that_students_may_use_can_be_imported(session: Session, name: str) -> None:
    assert error_of(session, f"import {name}") == ""


def test_the_courses_own_packages_are_inert_inside(session: Session) -> None:
    source = "from autograder import check\nfrom autograder.engine.compare import compare\nimport course.widgets as w\n"
    assert (
        printed_by(session, source + "check(len); w.a.b(3)[0]; print(type(compare).__name__, w.neuron(activation=len))")
        == "Inert"
    )


def test_no_reference_and_no_grader_code_is_in_the_memory(session: Session) -> None:
    # The server has frozen what it loaded, and frozen objects are listed only when they are thawed.
    source = (
        "import gc, sys; gc.unfreeze()\n"
        "print([n for n in sys.modules if n.startswith(('torch', 'nbgrader', 'autograder.'))])"
    )
    assert printed_by(session, source) == "[]"
    assert printed_by(session, "print(any(type(o).__name__ == 'Exercise' for o in gc.get_objects()))") == "False"
    assert printed_by(session, "print(sum(callable(o) for o in gc.get_objects()) > 10000)") == "True"


def test_there_is_no_network(session: Session) -> None:
    assert "PermissionError" in error_of(session, "import socket; socket.socket(socket.AF_INET)")
    assert error_of(session, "socket.socketpair()") == ""


def test_nothing_can_be_written_but_the_private_tmp(session: Session, sandbox: Sandbox) -> None:
    tried = """
import os
written = []
for folder, _, _ in os.walk("/"):
    if not folder.startswith(os.getcwd()):
        try:
            open(folder + "/x", "w")
            written.append(folder)
        except OSError:
            pass
print(written)
"""
    assert printed_by(session, tried) == "[]"
    assert error_of(session, "open('mine', 'w').write('x')") == ""
    with sandbox.open() as other:
        assert printed_by(other, "import os; print(os.listdir('.'))") == "[]"
    assert not Path("/tmp/mine").exists()


def test_an_environment_below_tmp_is_not_hidden_by_the_private_folder() -> None:
    assert isolation.choose_private(["/usr/lib/python3"]) == "/tmp"
    assert isolation.choose_private(["/usr/lib/python3", "/tmp/course/.venv/numpy"]) == "/var/tmp"


def test_the_private_tmp_has_a_limited_size(session: Session) -> None:
    fill = "def fill(n):\n    for i in range(n):\n        open(f'f{i}', 'wb').write(b'x' * 2**20)\n"
    assert error_of(session, fill + "fill(10)") == ""
    assert "OSError" in error_of(session, "fill(100)")


def test_no_other_process_can_be_seen_or_signalled(session: Session) -> None:
    assert printed_by(session, "import os; print(os.getpid(), os.path.exists('/proc/self'))") == "1 False"
    assert "ProcessLookupError" in error_of(session, f"os.kill({os.getpid()}, 0)")
    assert error_of(session, "os.kill(1, 0)") == ""


def test_no_program_can_be_started(session: Session) -> None:
    assert "FileNotFoundError" in error_of(session, "import subprocess; subprocess.run(['/bin/sh', '-c', 'true'])")
    assert error_of(session, "!ls /") == ""


def test_the_environment_and_the_descriptors_hold_no_secret(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_SEED", "very secret")
    with Sandbox.start(limits=sandbox.limits) as fresh, fresh.open() as session:
        assert "secret" not in printed_by(session, "import os; print(dict(os.environ))")
        listing = (
            "def there(n):\n    try:\n        return bool(os.fstat(n))\n    except OSError:\n        return False\n"
        )
        assert printed_by(session, listing + "print(sum(map(there, range(3, 300))))") == "1"


def test_student_code_has_no_privileges_and_cannot_get_any(session: Session) -> None:
    flags = {"CLONE_NEWUSER": 0x10000000, "CLONE_NEWNS": 0x20000}
    for flag in flags.values():
        assert printed_by(session, f"import ctypes; print(ctypes.CDLL(None).unshare({flag}))") == "-1"
    assert error_of(session, "import os; os.setuid(0)").startswith(("OSError", "PermissionError"))
    assert error_of(session, "os.setuid(os.getuid())") == ""
    assert printed_by(session, "print(ctypes.CDLL(None).mount(b'x', b'.', b'tmpfs', 0, None))") == "-1"
    assert printed_by(session, "print(os.getuid(), os.getgroups() in ([], [1000], [65534]))") == "1000 True"


def test_one_submission_cannot_see_what_another_defined(sandbox: Sandbox) -> None:
    with sandbox.open() as first, sandbox.open() as second:
        assert first.run_cell("secret = 1")[0] == ""
        assert first.run_cell("secret")[0] == ""
        assert "NameError" in second.run_cell("secret")[0]


def test_random_numbers_start_the_same_way_in_every_process(sandbox: Sandbox) -> None:
    seen = []
    for _ in range(2):
        with sandbox.open() as session:
            seen.append(printed_by(session, "import numpy as np, random; print(np.random.rand(), random.random())"))
    assert seen[0] == seen[1]


def test_magics_that_only_configure_or_measure_do_nothing(session: Session) -> None:
    source = "%matplotlib inline\n%config Any.thing = 1\n%timeit 1\n%no_such_magic\n!pip install torch\nafter = 1"
    assert error_of(session, source) == ""
    assert printed_by(session, "print(after)") == "1"


def test_figures_can_be_drawn(session: Session) -> None:
    assert (
        error_of(session, "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nplt.show()")
        == ""
    )


def test_a_processor_whose_system_calls_we_do_not_know_goes_unfiltered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert syscall_filter.refuse_system_calls(0) is False


def test_a_machine_without_namespaces_gets_one_line_that_says_what_to_allow() -> None:
    line = _advice("[Errno 1] unshare: Operation not permitted", "")
    assert "--sandbox limits" in line
    assert "\n" not in line


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SandboxError, match="did not start"):
        Sandbox.start()


def test_the_limits_mode_runs_code_but_says_that_it_hides_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    from autograder.judge import grade

    with Sandbox.start("limits") as server, server.open() as session:
        assert printed_by(session, "print(2 + 2)") == "4"
        assert "ModuleNotFoundError" in error_of(session, "import torch")
        # The twin of the isolated mode: here the repository can be read.
        assert printed_by(session, f"import os; print(os.path.exists({str(REPOSITORY)!r}))") == "True"
    assert "hides no file" in grade.LOUD


def test_the_limits_mode_still_limits_what_a_submission_does() -> None:
    limits = Limits(cell_seconds=6, memory=2**30, total_memory=400 * 2**20)
    with Sandbox.start("limits", limits) as server, server.open() as bystander, server.open() as session:
        assert "PermissionError" in error_of(session, "import socket; socket.socket(socket.AF_INET)")
        assert "PermissionError" in error_of(session, f"import os; os.kill({os.getpid()}, 0)") or os.geteuid()
        with pytest.raises(Lost, match="SIGKILL"):
            session.run_cell("import os, signal; os.killpg(0, signal.SIGKILL)")
        assert printed_by(bystander, "print(2)") == "2"
        swell = (
            "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        kept = b'x' * (80 * 2**20)\n"
            "        time.sleep(2)\n        os._exit(0)\ntime.sleep(2)"
        )
        with pytest.raises(Lost, match="400 MiB of memory in all its processes"):
            bystander.run_cell(swell)


def command(course: Course, folders: tuple[Path, Path], *words: str, alone: bool) -> subprocess.CompletedProcess[str]:
    """`python -m autograder grade`; alone: on a machine that lets nobody make a user namespace."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom autograder.engine import catalogue\n"
        f"catalogue.EXERCISES, catalogue.RECORDINGS = Path({str(folders[0])!r}), Path({str(folders[1])!r})\n"
        "from autograder.__main__ import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    line = [sys.executable, "-c", program, "grade", "ch90", "--root", str(course.root), "--seed", "3", "--workers", "1"]
    # The number holds in the new user namespace and below, where the command runs; this machine keeps its own.
    forbid = ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"]
    return subprocess.run(
        [*(forbid if alone else []), *line, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs the program unshare")
def test_the_command_refuses_where_the_machine_cannot_isolate_and_says_what_to_do(
    course: Course, hand_in: Callable[..., Path], tiny_folders: tuple[Path, Path]
) -> None:
    hand_in("ada", tiny.submission())
    refused = command(course, tiny_folders, alone=True)
    assert refused.returncode not in (0, None)
    assert "does not let us isolate student code" in refused.stderr
    assert "--sandbox limits" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (course.root / "autograded").exists()
    assert not course.verdicts(tiny.CHAPTER).exists()


def test_the_command_goes_on_with_limits_alone_when_it_is_told_to_and_says_what_that_means(
    course: Course, hand_in: Callable[..., Path], tiny_folders: tuple[Path, Path]
) -> None:
    hand_in("ada", tiny.submission())
    done = command(course, tiny_folders, "--sandbox", "limits", alone=False)
    assert done.returncode == 0, done.stderr
    assert "hides no file" in done.stderr
    assert done.stdout.split("ada")[1].split()[:2] == ["8", "8"]


def test_an_ordinary_user_gets_the_same_isolation(tmp_path: Path) -> None:
    """Root starts it as `nobody`; anyone else is an ordinary user in every other test of this file."""
    if os.geteuid() != 0:
        pytest.skip("not root: all tests here run as an ordinary user")
    python = _python_for_everyone()
    if python is None or shutil.which("setpriv") is None:
        pytest.skip("no Python of this version that every user may run")
    packages = Path(sys.modules["numpy"].__file__ or "").parents[1]
    program = (
        f"import sys; sys.path += [{str(REPOSITORY)!r}, {str(packages)!r}]\n"
        "from autograder.judge.sandbox import Sandbox\n"
        "import numpy as np\n"
        "with Sandbox.start() as server, server.open() as session:\n"
        "    print(session.run_cell('import os; print(os.getuid(), os.path.exists(\"/etc\"))'))\n"
        "    session.run_cell('def f(x): return 2 * x')\n"
        "    print(next(session.calls('f', [{'x': np.ones(2)}])).value)\n"
    )
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env={"HOME": str(tmp_path)}, check=False)
    assert "1000 False" in done.stdout, done.stderr
    assert "[2. 2.]" in done.stdout


def _python_for_everyone() -> str | None:
    for path in (
        sys.executable,
        f"/usr/bin/python3.{sys.version_info.minor}",
        f"/usr/local/bin/python3.{sys.version_info.minor}",
    ):
        probe = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import json'], check=True)"
        test = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", path, "-c", probe]
        try:
            if subprocess.run(test, capture_output=True, check=False, cwd="/").returncode == 0:
                return path
        except OSError:
            continue
    return None
