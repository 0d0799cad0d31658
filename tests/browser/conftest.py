"""One headless Chromium for all tests that need a page; it reaches this machine and no other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

HERE_ONLY = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a sandbox of its own, in which every host but this machine does not exist."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        # Continuous integration must not pass because a browser is missing.
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Chromium; there is none on the path")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", f"--host-resolver-rules={HERE_ONLY}", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()
