"""Forms in shadow roots and in frames, in a real browser."""

from tests.infra.parts import free_port
from tests.services.snippet.conftest import serving
from tests.services.snippet.forms_world import EMAIL, FIELDS, FormSite, Visit

ELEMENT = f"""<script>
  const css = new CSSStyleSheet();
  customElements.define('talk-form', class extends HTMLElement {{
    constructor() {{
      super();
      const root = this.attachShadow({{mode: 'open'}});
      root.innerHTML = `<form id="inner" action="/send" method="post">{FIELDS}<label for="w">Phone</label><input id="w" name="w">
        <button>Send</button></form>`;
      const form = root.querySelector('form');
      form.onsubmit = (event) => {{
        if (!this.hasAttribute('scripted')) return;
        event.preventDefault();
        fetch('/send', {{method: 'POST', body: new FormData(form)}});
      }};
    }}
  }});
  customElements.define('talk-page', class extends HTMLElement {{
    connectedCallback() {{ this.attachShadow({{mode: 'open'}}).innerHTML = '<main><talk-form scripted></talk-form></main>'; }}
  }});
</script>"""


async def introduced_by(visit: Visit) -> list[dict[str, str]]:
    introductions, forms = await visit.told()
    assert len(forms) == 1
    return [one["traits"] for one in introductions]


async def test_a_form_in_a_shadow_root_is_told(visit: Visit) -> None:
    await visit.see("/contact", f"<talk-form></talk-form><form></form>{ELEMENT}")
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.fill("[name=w]", "+46 31 000 00 00")
    await visit.page.click("button")
    assert await introduced_by(visit) == [{"email": EMAIL, "phone": "+46 31 000 00 00"}]


async def test_a_form_in_a_shadow_root_brings_the_part_that_reads_it(visit: Visit) -> None:
    visit.site.pages["/contact"] = f"<talk-form></talk-form>{ELEMENT}"
    await visit.page.goto(f"{visit.site.origin}/contact")
    await visit.collector.wait_for_pages("/contact")
    await visit.page.focus("[name=email]")
    await visit.part_is_there()
    await visit.page.keyboard.type(EMAIL)
    await visit.page.keyboard.press("Enter")
    assert await introduced_by(visit) == [{"email": EMAIL}]


async def test_a_form_in_nested_shadow_roots_that_came_later_is_told(visit: Visit) -> None:
    await visit.see("/contact", f"<form></form>{ELEMENT}")
    await visit.page.evaluate("document.body.append(document.createElement('talk-page'))")
    await visit.page.fill("[name=email]", EMAIL)
    await visit.page.press("[name=email]", "Enter")
    assert await introduced_by(visit) == [{"email": EMAIL}]


async def test_a_form_in_a_shadow_root_that_only_a_script_touches_is_told(visit: Visit) -> None:
    await visit.see("/contact", f"<talk-form></talk-form><form></form>{ELEMENT}")
    await visit.page.evaluate(
        f"""const form = document.querySelector('talk-form').shadowRoot.querySelector('form');
        form.email.value = '{EMAIL}'; form.requestSubmit()"""
    )
    assert await introduced_by(visit) == [{"email": EMAIL}]


async def test_fields_in_components_belong_to_the_form_around_them(visit: Visit) -> None:
    await visit.see(
        "/contact",
        """<form method="post" action="/send"><my-field></my-field><own-field name="email"></own-field><button>Send</button></form><script>
        customElements.define('my-field', class extends HTMLElement { connectedCallback() {
          this.attachShadow({mode: 'open'}).innerHTML = '<label for="n">Your name</label><input id="n">'; } });
        customElements.define('own-field', class extends HTMLElement {
          static formAssociated = true;
          internals = this.attachInternals();
          set value(value) { this.internals.setFormValue(this.written = value); }
          get value() { return this.written; } });</script>""",
    )
    await visit.page.fill("#n", "Mara Lindqvist")
    await visit.page.evaluate(f"document.querySelector('own-field').value = '{EMAIL}'")
    await visit.page.click("button")
    assert await introduced_by(visit) == [{"email": EMAIL, "name": "Mara Lindqvist"}]


async def test_a_form_in_a_frame_of_the_same_site_is_told_on_the_page_around_it(visit: Visit) -> None:
    visit.site.untagged = {"/frame"}
    visit.site.pages["/frame"] = f'<form id="framed" method="post" action="/send">{FIELDS}<button>Send</button></form>'
    await visit.see("/contact", '<form></form><iframe src="/frame"></iframe>')
    frame = visit.page.frame_locator("iframe")
    await frame.locator("[name=email]").fill(EMAIL)
    await frame.locator("button").click()
    introductions, [form] = await visit.told()
    assert [one["traits"] for one in introductions] == [{"email": EMAIL}]
    assert (form["properties"]["form_id"], form["properties"]["path"]) == ("framed", "/contact")
    assert form["context"]["page"]["path"] == "/contact"


async def test_a_frame_that_came_later_and_was_written_by_a_script_is_told(visit: Visit) -> None:
    await visit.see("/contact", "<form></form>")
    await visit.page.evaluate(
        f"""const frame = document.createElement('iframe');
        document.body.append(frame);
        frame.contentDocument.open();
        frame.contentDocument.write(`<form>{FIELDS}<button>Send</button></form>`);
        frame.contentDocument.close();
        frame.contentDocument.forms[0].onsubmit = (event) => {{
          event.preventDefault();
          frame.contentWindow.fetch('/send', {{method: 'POST', body: new FormData(event.target)}});
        }}; 0"""
    )
    frame = visit.page.frame_locator("iframe")
    await frame.locator("[name=email]").fill(EMAIL)
    await frame.locator("button").click()
    assert await introduced_by(visit) == [{"email": EMAIL}]


async def test_a_frame_that_goes_to_another_page_is_told_there(visit: Visit) -> None:
    visit.site.untagged = {"/frame", "/frame/2"}
    visit.site.pages["/frame"] = '<a href="/frame/2">Next</a>'
    visit.site.pages["/frame/2"] = f"""<form>{FIELDS}<button type="button">Send</button></form><script>
        document.querySelector('button').onclick = () => {{
          const xhr = new XMLHttpRequest();
          xhr.open('POST', '/send');
          xhr.send(new FormData(document.forms[0]));
        }};</script>"""
    await visit.see("/contact", '<form></form><iframe src="/frame"></iframe>')
    frame = visit.page.frame_locator("iframe")
    await frame.locator("a").click()
    await frame.locator("[name=email]").fill(EMAIL)
    await frame.locator("button").click()
    assert await introduced_by(visit) == [{"email": EMAIL}]


async def test_a_frame_with_a_tag_of_its_own_tells_by_itself_once(visit: Visit) -> None:
    visit.site.pages["/frame"] = f'<form method="post" action="/send">{FIELDS}<button>Send</button></form>'
    await visit.see("/contact", '<form></form><iframe src="/frame"></iframe>')
    await visit.collector.wait_for(
        lambda all_: {one["context"]["page"]["path"] for one in all_} >= {"/contact", "/frame"}
    )
    frame = visit.page.frame_locator("iframe")
    await frame.locator("[name=email]").fill(EMAIL)
    await visit.page.wait_for_timeout(500)
    await frame.locator("button").click()
    assert await introduced_by(visit) == [{"email": EMAIL}]


async def test_frames_of_others_and_ignored_ones_are_left_alone(visit: Visit) -> None:
    port = free_port()
    other = FormSite(f"http://localhost:{port}", visit.site.collector, untagged={"/frame"})
    html = f'<form id="framed" method="post" action="/send">{FIELDS}<button>Send</button></form>'
    visit.site.untagged = {"/frame"}
    other.pages["/frame"] = visit.site.pages["/frame"] = html
    async with serving(other.app(), port):
        await visit.see(
            "/contact",
            f"""<form></form><iframe id="theirs" src="{other.origin}/frame"></iframe><iframe sandbox="allow-forms" src="/frame"></iframe>
            <div data-leadlight-ignore><iframe id="ours" src="/frame"></iframe></div>""",
        )
        for name in ("theirs", "ours"):
            frame = visit.page.frame_locator(f"#{name}")
            await frame.locator("[name=email]").fill(EMAIL)
            await frame.locator("button").click()
        assert await visit.told_so_far() == ([], [])
    assert len(visit.site.received) == len(other.received) == 1
