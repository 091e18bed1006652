"""What leadlight.js weighs and what it costs a page, in Chromium slowed down as a mid-range phone: bytes on the wire, time to
compile and run each script, and the longest task that any of them makes on the page's main thread.

The reference of the same run is an empty script of another name on the same page. Times are the main thread's own; they are
worth something on a machine that does nothing else, as the slowing down counts waiting, too.
"""

import argparse
import json
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, sync_playwright

from benchmarks.machine import described
from tests.infra.chromium import find_chromium

BUILT = Path(__file__).resolve().parents[1] / "services/collector/static"
SITE, COLLECTOR = "https://shop.example", "https://collect.example"
PAGE = f"""<!doctype html><title>Pricing</title><script async src="{COLLECTOR}/empty.js"></script>
<script async src="{COLLECTOR}/leadlight.js" data-key="wk_cost"></script><body style="height:4000px">
<a href="https://partner.example/" target="_blank">Partner</a>
<form onsubmit="return false"><input name="name"><input name="email" type="email"><button>Send</button></form>"""
RUNNING = ("EvaluateScript", "FunctionCall", "v8.compile", "TimerFire", "EventDispatch")


def serve(route: Route) -> None:
    name = route.request.url.rpartition("/")[2]
    if route.request.url.startswith(SITE):
        route.fulfill(body=PAGE, content_type="text/html")
    elif name.endswith(".js"):
        body = "" if name == "empty.js" else (BUILT / name).read_text()
        headers = {"access-control-allow-origin": "*", "content-type": "text/javascript"}
        route.fulfill(body=body, headers=headers)
    else:
        headers = {"access-control-allow-origin": SITE, "access-control-allow-credentials": "true"}
        route.fulfill(json={"success": True}, headers=headers)


def use(page: Page) -> None:
    """What a visitor does: reads, scrolls, presses a link, fills a form and leaves."""
    page.goto(f"{SITE}/pricing")
    page.wait_for_timeout(400)
    page.mouse.wheel(0, 800)
    page.click("a")
    page.wait_for_timeout(600)
    page.fill("[name=email]", "mara@norrvik.example")
    page.click("button")
    page.wait_for_timeout(600)
    page.goto("about:blank")


def measure(slowdown: int) -> dict[str, float]:
    """Milliseconds by what was done: running each script, and the longest task."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        try:
            context = browser.new_context(user_agent="Mozilla/5.0 (Linux; Android 14) Chrome/140.0 Mobile")
            context.route("**/*", serve)
            page = context.new_page()
            page.goto("about:blank")
            session = context.new_cdp_session(page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
            events: list[dict[str, Any]] = []
            session.on("Tracing.dataCollected", lambda chunk: events.extend(chunk["value"]))
            session.send("Tracing.start", {"categories": "devtools.timeline,v8,disabled-by-default-devtools.timeline"})
            use(page)
            done: list[object] = []
            session.on("Tracing.tracingComplete", lambda answer: done.append(answer))
            session.send("Tracing.end")
            while not done:
                page.wait_for_timeout(50)
        finally:
            browser.close()
    return summed(events)


def summed(events: list[dict[str, Any]]) -> dict[str, float]:
    spent: dict[str, float] = defaultdict(float)
    for event in events:
        if event.get("ph") != "X" or event["name"] not in RUNNING:
            continue
        data = event.get("args", {}).get("data", {})
        url = str(data.get("url") or event.get("args", {}).get("fileName") or "")
        if not url.startswith(COLLECTOR):
            continue
        name = url.rpartition("/")[2]
        ms = event.get("tdur", event.get("dur", 0)) / 1000  # the thread's own time, where the trace has it
        if event["name"] == "EvaluateScript":
            spent[f"run {name}"] += ms
        if event["name"] == "v8.compile":
            spent[f"compile {name}"] += ms
        if name != "empty.js":
            spent["longest piece of work"] = max(spent["longest piece of work"], ms)
    return spent


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks snippet", description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="how often to open the page; the median counts")
    options.add_argument("--slowdown", type=int, default=4, help="how many times slower than this machine (4)")
    chosen = options.parse_args()
    print(described(), f"slowed down {chosen.slowdown} times")
    manifest = json.loads((BUILT / "leadlight.json").read_text())
    for name, weight in manifest["files"].items():
        print(f"{name:32} {weight['brotli']:6} bytes brotli {weight['gzip']:6} gzip {weight['bytes']:6} as it is")
    rounds = [measure(chosen.slowdown) for _ in range(chosen.rounds)]
    for what in sorted({what for one in rounds for what in one}):
        values = [one.get(what, 0.0) for one in rounds]
        print(f"{what:44} median {statistics.median(values):6.2f} ms   worst {max(values):6.2f} ms")


if __name__ == "__main__":
    main()
